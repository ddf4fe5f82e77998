import { existsSync } from 'node:fs'
import path from 'node:path'
import { formatCount } from '../../base/format.js'
import type { LoggedEvent } from '../../training/events.js'
import { readEventLog } from '../../training/sinks/jsonl.js'
import type { InstabilityRun, Outcome, WatchPoint } from '../result.js'

/** The events of a run's folder; none where it has not begun. */
export function eventsOf(folder: string): LoggedEvent[] {
  const file = path.join(folder, 'events.jsonl')
  return existsSync(file) ? readEventLog(file) : []
}

/** How a run ended, if it did. */
export interface Ending {
  readonly outcome: Outcome
  readonly step: number
  readonly note?: string
}

export function endingOf(events: readonly LoggedEvent[]): Ending | undefined {
  for (const event of [...events].reverse()) {
    if (event.type === 'done') return { outcome: 'trained', step: event.step }
    if (event.type === 'died')
      return {
        outcome: 'died',
        step: event.step,
        note: `died at step ${formatCount(event.step)}: ${event.layer} gave nothing but zeros`,
      }
    if (event.type === 'diverged') return { outcome: 'diverged', step: event.step, note: event.message }
  }
  return undefined
}

/** What was seen along a run whose blocks were watched. */
export function instabilityRunOf(seed: number, events: readonly LoggedEvent[]): InstabilityRun | undefined {
  const ending = endingOf(events)
  if (!ending) return undefined
  const { outcome, step, note } = ending
  return { seed, outcome, step, ...(note !== undefined && { note }), trace: traceOf(events) }
}

/** Each look with the loss that was told last before it. */
function traceOf(events: readonly LoggedEvent[]): WatchPoint[] {
  const trace: WatchPoint[] = []
  let loss: number | null = null
  let gradientNorm: number | null = null
  for (const event of events) {
    if (event.type === 'step') {
      loss = finite(event.loss)
      gradientNorm = finite(event.gradientNorm)
    } else if (event.type === 'watch') {
      const { step, zeroShare, magnitude, residualRatio } = event
      trace.push({
        step,
        loss,
        zeroShare,
        magnitude: finite(magnitude),
        residualRatio: finite(residualRatio),
        gradientNorm,
      })
    }
  }
  return trace
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
