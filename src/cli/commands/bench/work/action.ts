import type { TimedKernel } from '../../../../backends/backend.js'
import { choosePrecision, openBackend } from '../../../../backends/open.js'
import { formatBytes, formatTable } from '../../../../base/format.js'
import { findNetwork } from '../../../../networks/networks.js'
import { type Benchmark, benchmark } from '../../../../study/bench/benchmark.js'
import { describeMachine } from '../../../../study/machine.js'
import { modelSpec } from '../../../model-of-flags.js'
import { warn } from '../../../warn.js'
import type { Flags } from '../work.js'

export function measureWork(flags: Flags, work: Benchmark['work']): void {
  const spec = modelSpec(findNetwork(flags.network).id, flags.classes, flags)
  const backend = openBackend(flags.backend, warn, { ...flags, notify: warn })
  const precision = choosePrecision(backend, flags.precision)
  const { program, ...result } = benchmark(work, { ...flags, spec, backend, precision })
  const machine = describeMachine(`${backend.title}, ${precision}`)
  const kernels =
    flags.kernels !== undefined && slowestKinds(program.profile(), flags.kernels === true ? 20 : flags.kernels)
  if (flags.json)
    console.log(
      JSON.stringify({ ...result, threads: backend.threads, machine, ...(kernels && { kernels }) }, undefined, 2),
    )
  else {
    const { milliseconds: ms } = result
    const cells = [
      result.network,
      `${result.size}`,
      `${result.batch}`,
      precision,
      ms.min.toFixed(0),
      ms.median.toFixed(0),
      ms.max.toFixed(0),
      result.imagesPerSecond.toFixed(2),
      formatBytes(result.peakMemoryBytes),
    ]
    console.log(
      formatTable([work, 'size', 'batch', 'type', 'min ms', 'median', 'max', 'images/s', 'peak memory'], [cells]),
    )
    console.log(
      `${machine.processor}, ${backend.threads} of ${machine.cores} cores, ${machine.engine}, Node ${machine.node}; ${result.runs} runs`,
    )
    if (result.limit !== undefined)
      console.log(
        `${(ms.median / result.limit).toFixed(2)}× the limit: its convolutions and matrix products, each alone at its best, take ${result.limit.toFixed(0)} ms`,
      )
    if (kernels) {
      const rows = kernels.map(({ kernel, calls, milliseconds }) => [kernel, `${calls}`, milliseconds.toFixed(1)])
      console.log(`\n${formatTable(['kernel', 'calls', 'ms'], rows)}`)
    }
  }
}

/** Kernels of one kind together, the slowest kind first. */
function slowestKinds(rows: readonly TimedKernel[], most: number) {
  const kinds = new Map<string, { kernel: string; calls: number; milliseconds: number }>()
  for (const { op, kernel: implementation, milliseconds } of rows) {
    const kernel = `${op} ${implementation}`
    const kind = kinds.get(kernel) ?? { kernel, calls: 0, milliseconds: 0 }
    kinds.set(kernel, { kernel, calls: kind.calls + 1, milliseconds: kind.milliseconds + milliseconds })
  }
  return [...kinds.values()].sort((a, b) => b.milliseconds - a.milliseconds).slice(0, most)
}
