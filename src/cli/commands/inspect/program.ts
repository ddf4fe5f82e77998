import type { Kernel, TimedKernel } from '../../../backends/backend.js'
import { formatBytes, formatPercent, formatTable } from '../../../base/format.js'
import { hiddenShare, type Timeline } from '../../../study/bench/timeline.js'

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

/** What the first replica of several sends in a run, and how much of the time for it is spent on computing as well. */
export function describeExchanges([first]: readonly Timeline[]): string | undefined {
  const hidden = first && hiddenShare(first)
  if (hidden === undefined) return undefined
  const { exchanges, exchanging } = first!
  const bytes = exchanges.reduce((sum, exchange) => sum + exchange.bytes, 0)
  return `${formatBytes(bytes)} summed over all replicas in ${exchanges.length} exchanges: ${formatPercent(hidden)} of their time spent computing, ${exchanging.toFixed(1)} ms with them alone`
}

/** One run in Chrome's trace event format, a process a replica, for chrome://tracing and Perfetto. Times in microseconds. */
export function chromeTrace(timelines: readonly Timeline[], title: string): string {
  const events = timelines.flatMap(({ replica, kernels, exchanges }, rank) => [
    named('process_name', rank, 0, timelines.length === 1 ? title : `${replica}: ${title}`),
    named('thread_name', rank, 1, 'kernels'),
    ...kernels.map(({ scope, op, kernel, layout, bytes, begin, milliseconds }) => ({
      ...{ name: op, cat: kernel, args: { scope, kernel, layout, bytes, 'GB/s': bytes / milliseconds / 1e6 } },
      ...{ ph: 'X', pid: rank + 1, tid: 1, ts: 1000 * begin, dur: 1000 * milliseconds },
    })),
    ...(exchanges.length > 0 ? [named('thread_name', rank, 2, 'exchanges')] : []),
    // They overlap, so they are asynchronous events, which come in pairs.
    ...exchanges.flatMap(({ begin, milliseconds, bytes }, id) => {
      const event = { name: 'sum over replicas', cat: 'exchange', id: `${rank}.${id}`, pid: rank + 1, tid: 2 }
      return [
        { ...event, ph: 'b', ts: 1000 * begin, args: { bytes } },
        { ...event, ph: 'e', ts: 1000 * (begin + milliseconds) },
      ]
    }),
  ])
  return `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: events })}\n`
}

const named = (name: string, rank: number, tid: number, title: string) => ({
  ...{ name, ph: 'M', pid: rank + 1, tid, args: { name: title } },
})
