import { performance } from 'node:perf_hooks'
import { formatDuration, formatPercent } from '../base/format.js'
import type { StepEvent, TrainingEvent } from '../training/events.js'
import { describe, printable, type TextStream } from '../training/sinks/terminal.js'
import { ProgressLine } from './progress-line.js'

/**
 * Shows several runs at once: on a terminal one live line with a part for each network under way; elsewhere a line a
 * network every ten seconds. Everything that is not a step is a line of its own, after the network's name.
 */
export function studyTerminal(stream: TextStream) {
  const line = new ProgressLine(stream)
  const running = new Map<string, StepEvent>()
  const told = new Map<string, number>()
  const say = (text: string) => {
    line.end()
    stream.write(`${printable(text)}\n`)
  }
  const tell = (title: string, event: TrainingEvent) => {
    if (event.type === 'step') {
      running.set(title, event)
      if (stream.isTTY) line.update([...running].map(([name, step]) => part(name, step)).join('  |  '))
      else if (performance.now() - (told.get(title) ?? Number.NEGATIVE_INFINITY) > 10_000) {
        told.set(title, performance.now())
        say(part(title, event))
      }
      return
    }
    if (event.type === 'checkpoint' || event.type === 'watch') return
    if (last.has(event.type)) running.delete(title)
    say(`${title}: ${event.type === 'done' ? `trained in ${formatDuration(event.seconds)}` : describe(event)}`)
  }
  return { tell, say, live: (text: string) => line.update(text), end: () => line.end() }
}

/** What a run ends with. */
const last: ReadonlySet<TrainingEvent['type']> = new Set(['done', 'interrupted', 'died', 'diverged'])

function part(
  title: string,
  { epoch, loss, learningRate, imagesPerSecond, secondsLeft, waitShare, step }: StepEvent,
): string {
  const waiting = waitShare >= 0.05 ? ` waiting ${formatPercent(waitShare)}` : ''
  return `${title} step ${step} epoch ${epoch.toFixed(1)} loss ${loss.toFixed(2)} lr ${learningRate.toPrecision(2)} ${imagesPerSecond.toFixed(0)}/s ${formatDuration(secondsLeft)} left${waiting}`
}
