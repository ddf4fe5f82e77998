import type { Kernel, TimedKernel } from '../../../backends/backend.js'
import { formatBytes, formatTable } from '../../../base/format.js'

/** A program's kernels in order: what runs where, in which layout, over how many bytes, in what time. */
export function programTable(kernels: readonly (Kernel & Partial<TimedKernel>)[]): string {
  const rows = kernels.map(({ scope, op, kernel, layout, bytes, milliseconds }) => [
    scope,
    op,
    kernel,
    layout,
    formatBytes(bytes),
    milliseconds?.toFixed(3) ?? '',
  ])
  return formatTable(['scope', 'op', 'kernel', 'layout', 'bytes', 'ms'], rows)
}

/** One run in Chrome's trace event format, for chrome://tracing and Perfetto. Times in microseconds. */
export function chromeTrace(kernels: readonly TimedKernel[], title: string): string {
  const events = kernels.map(({ scope, op, kernel, layout, bytes, begin, milliseconds }) => ({
    name: op,
    cat: kernel,
    ph: 'X',
    pid: 1,
    tid: 1,
    ts: 1000 * begin,
    dur: 1000 * milliseconds,
    args: { scope, kernel, layout, bytes, 'GB/s': bytes / milliseconds / 1e6 },
  }))
  const name = { name: 'process_name', ph: 'M', pid: 1, args: { name: title } }
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [name, ...events] })}\n`
}
