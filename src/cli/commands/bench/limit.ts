import { Command } from 'commander'
import { choosePrecision, openBackend } from '../../../backends/open.js'
import { UserError } from '../../../base/error.js'
import { formatSi, formatTable } from '../../../base/format.js'
import { findNetwork } from '../../../networks/networks.js'
import { describeMachine } from '../../../study/machine.js'
import { limitOfWork } from '../../../study/work.js'
import { wholeNumber } from '../../arguments.js'
import { precisionOption, threadsOption } from '../../engine-options.js'
import { addModelOptions, type ModelFlags, modelSpec } from '../../model-options.js'
import { warn } from '../../warn.js'

interface Flags extends ModelFlags {
  network: string
  classes: number
  batch: number
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
  json?: boolean
}

export const benchLimitCommand = (): Command =>
  addModelOptions(
    new Command('limit').description(
      "what a network's arithmetic takes on this machine: each convolution and matrix product timed alone at its best",
    ),
  )
    .option('--network <id>', 'see: inception networks', 'inception-resnet-v2-slim')
    .option('--classes <n>', 'classes', wholeNumber(1), 1000)
    .option('--batch <n>', 'images at a time', wholeNumber(1), 8)
    .addOption(precisionOption())
    .addOption(threadsOption())
    .option('--json', 'as JSON, with the machine')
    .action((flags: Flags) => {
      const { batch } = flags
      const spec = modelSpec(findNetwork(flags.network).id, flags.classes, flags)
      const backend = openBackend('onednn', warn, { ...flags, notify: warn })
      const precision = choosePrecision(backend, flags.precision)
      const parts = limitOfWork('train', { spec, batch, backend, precision })
      if (!parts) throw new UserError(`${backend.title} cannot tell what its kernels take alone`)
      const forward = parts.filter(({ op }) => !op.includes('Backward'))
      const milliseconds = { infer: sum(forward), train: sum(parts) }
      const machine = describeMachine(`${backend.title}, ${precision}`)
      if (flags.json) {
        const { network, size, width } = spec
        console.log(
          JSON.stringify({ network, size, width, batch, precision, parts, milliseconds, machine }, undefined, 2),
        )
        return
      }
      const row = (what: string, count: string, multiplyAdds: number, time: number) => [
        what,
        count,
        formatSi(multiplyAdds),
        time.toFixed(1),
        `${((2 * multiplyAdds) / time / 1e6).toFixed(0)}`,
      ]
      const rows = parts.map(({ op, count, multiplyAdds, milliseconds: time }) =>
        row(op, `${count}`, multiplyAdds, time),
      )
      const work = (of: typeof parts) => of.reduce((total, { multiplyAdds }) => total + multiplyAdds, 0)
      rows.push(row('inference', '', work(forward), milliseconds.infer))
      rows.push(row('training', '', work(parts), milliseconds.train))
      console.log(formatTable(['alone, at its best', 'calls', 'multiply-adds', 'ms', 'GFLOP/s'], rows))
      const speed = (time: number) => `${((1000 * batch) / time).toFixed(1)} images/s`
      console.log(
        `${spec.network}, ${spec.size}×${spec.size}, batch ${batch}, ${precision}: at most ${speed(milliseconds.infer)} in inference, ${speed(milliseconds.train)} in training`,
      )
      console.log(`${machine.processor}, ${backend.threads} of ${machine.cores} cores, ${machine.engine}`)
    })

const sum = (parts: readonly { readonly milliseconds: number }[]) =>
  parts.reduce((total, { milliseconds }) => total + milliseconds, 0)
