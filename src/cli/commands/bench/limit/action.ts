import { choosePrecision, openBackend } from '../../../../backends/open.js'
import { UserError } from '../../../../base/error.js'
import { formatSi, formatTable } from '../../../../base/format.js'
import { findNetwork } from '../../../../networks/networks.js'
import { limitOfWork } from '../../../../study/bench/work.js'
import { describeMachine } from '../../../../study/machine.js'
import { modelSpec } from '../../../model-of-flags.js'
import { warn } from '../../../warn.js'
import type { Flags } from '../limit.js'

export function measureLimit(flags: Flags): void {
  const { batch } = flags
  const spec = modelSpec(findNetwork(flags.network).id, flags.classes, flags)
  const backend = openBackend('onednn', warn, { ...flags, notify: warn })
  const precision = choosePrecision(backend, flags.precision)
  const parts = limitOfWork('train', { spec, batch, backend, precision })
  const forward = limitOfWork('infer', { spec, batch, backend, precision })
  if (!parts || !forward) throw new UserError(`${backend.title} cannot tell what its kernels take alone`)
  const milliseconds = { infer: sum(forward), train: sum(parts) }
  const machine = describeMachine(`${backend.title}, ${precision}`)
  if (flags.json) {
    const { network, size, width } = spec
    console.log(JSON.stringify({ network, size, width, batch, precision, parts, milliseconds, machine }, undefined, 2))
    return
  }
  const row = (what: string, count: string, multiplyAdds: number, time: number) => [
    what,
    count,
    formatSi(multiplyAdds),
    time.toFixed(1),
    `${((2 * multiplyAdds) / time / 1e6).toFixed(0)}`,
  ]
  const rows = parts.map(({ op, count, multiplyAdds, milliseconds: time }) => row(op, `${count}`, multiplyAdds, time))
  const work = (of: typeof parts) => of.reduce((total, { multiplyAdds }) => total + multiplyAdds, 0)
  rows.push(row('inference', '', work(forward), milliseconds.infer))
  rows.push(row('training', '', work(parts), milliseconds.train))
  console.log(formatTable(['alone, at its best', 'calls', 'multiply-adds', 'ms', 'GFLOP/s'], rows))
  const speed = (time: number) => `${((1000 * batch) / time).toFixed(1)} images/s`
  console.log(
    `${spec.network}, ${spec.size}×${spec.size}, batch ${batch}, ${precision}: at most ${speed(milliseconds.infer)} in inference, ${speed(milliseconds.train)} in training`,
  )
  console.log(`${machine.processor}, ${backend.threads} of ${machine.cores} cores, ${machine.engine}`)
}

const sum = (parts: readonly { readonly milliseconds: number }[]) =>
  parts.reduce((total, { milliseconds }) => total + milliseconds, 0)
