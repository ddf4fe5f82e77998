import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { BackendName, Precision } from '../../backends/backend.js'
import type { PassName } from '../../graph/passes/pass-names.js'
import { type ModelSpec, networkOf } from '../../networks/model-spec.js'
import { summarise } from '../../networks/summary.js'
import { memoryOf } from '../../training/train.js'
import { compileWork } from '../bench/work.js'
import type { Footprint } from '../result.js'
import type { Backing } from './evaluate-run.js'

/** A network's training step on random images, measured in a process of its own. */
export interface FootprintOrder {
  readonly kind: 'footprint'
  readonly model: ModelSpec
  readonly batch: number
  readonly steps: number
  readonly backend: BackendName
  readonly passes: readonly PassName[]
  readonly precision: Precision
}

/** To be called in a fresh process: the memory it had before is subtracted from the most it has had since. */
export function measureFootprint(order: FootprintOrder, open: Backing): Footprint {
  const { model, batch, steps, precision } = order
  const backend = open(order.backend, order.passes)
  const before = process.memoryUsage.rss()
  const { program, store } = compileWork('train', { spec: model, batch, backend, precision })
  program.run()
  const times = Array.from({ length: steps }, () => {
    const begin = performance.now()
    program.run()
    return performance.now() - begin
  }).sort((a, b) => a - b)
  const measuredBytes = peakBytes() - before
  const { parameters, multiplyAdds } = summarise(model)
  const { id, title } = networkOf(model)
  return {
    network: id,
    title,
    parameters,
    multiplyAdds,
    stepMilliseconds: (times[(steps - 1) >> 1]! + times[steps >> 1]!) / 2,
    plannedBytes: memoryOf(program, store),
    measuredBytes,
  }
}

/**
 * The most memory this process has had resident. Not getrusage's figure: after a fork that one begins with the
 * parent's.
 */
function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    if (kilobytes !== undefined) return Number(kilobytes) * 1024
  } catch {
    // No such file but on Linux.
  }
  return process.resourceUsage().maxRSS * 1024
}
