import { performance } from 'node:perf_hooks'
import type { Precision, Program } from '../../backends/backend.js'
import { compileWork, limitOfWork, type Work, type WorkOptions } from './work.js'

export interface Benchmark {
  readonly work: Work
  readonly network: string
  readonly size: number
  readonly width: number
  readonly batch: number
  readonly precision: Precision
  readonly backend: string
  readonly runs: number
  readonly compileSeconds: number
  /** Milliseconds a run (a step, or a batch's inference): least, median, most. */
  readonly milliseconds: { readonly min: number; readonly median: number; readonly max: number }
  /** By the median. */
  readonly imagesPerSecond: number
  readonly peakMemoryBytes: number
  /** Milliseconds of the convolutions and matrix products at their best, each alone. */
  readonly limit?: number
}

export interface BenchmarkOptions extends WorkOptions {
  readonly warmup: number
  readonly runs: number
  /** Compare with the sum of the convolutions and matrix products, each timed alone. @default false */
  readonly limit?: boolean | undefined
}

/** Times the work on random images. */
export function benchmark(work: Work, options: BenchmarkOptions): Benchmark & { readonly program: Program } {
  const { spec, batch, backend, precision, warmup, runs } = options
  const begin = performance.now()
  const { program } = compileWork(work, options)
  const compileSeconds = (performance.now() - begin) / 1000
  for (let i = 0; i < warmup; i++) program.run()
  const times = Array.from({ length: runs }, () => {
    const start = performance.now()
    program.run()
    return performance.now() - start
  }).sort((a, b) => a - b)
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024
  const limit = options.limit
    ? limitOfWork(work, options)?.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
    : undefined
  const median = (times[(runs - 1) >> 1]! + times[runs >> 1]!) / 2
  return {
    work,
    network: spec.network,
    size: spec.size,
    width: spec.width,
    batch,
    precision,
    backend: backend.title,
    runs,
    compileSeconds,
    milliseconds: { min: times[0]!, median, max: times.at(-1)! },
    imagesPerSecond: (1000 * batch) / median,
    peakMemoryBytes,
    ...(limit !== undefined && { limit }),
    program,
  }
}
