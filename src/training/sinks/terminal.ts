import { formatCount, formatDuration, formatPercent } from '../../base/format.js'
import type { Sink, StepEvent, TrainingEvent } from '../events.js'

/** The part of `process.stderr` that is used. */
export interface TextStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** The clock, in seconds. */
type Clock = () => number

/**
 * Tells a person how the run is doing. On a terminal the newest step is one line rewritten in place, cut to the width,
 * at most ten times a second; elsewhere, as in a log file, a step is told every ten seconds at most. The first step and
 * the last one before anything else is told are never left out. Everything that is not a step is a line of its own.
 */
export function terminalSink(stream: TextStream, now: Clock = () => performance.now() / 1000): Sink {
  const live = stream.isTTY === true
  const interval = live ? 0.1 : 10
  let steps: number | undefined
  let toldAt = Number.NEGATIVE_INFINITY
  let untold: StepEvent | undefined
  let lineIsLive = false

  const tellStep = (event: StepEvent) => {
    const line = describeStep(event, steps)
    // One column is left free: a terminal may wrap as soon as the last one is written.
    stream.write(live ? `\r${cut(line, (stream.columns || 80) - 1)}\x1b[K` : `${line}\n`)
    lineIsLive = live
    toldAt = now()
    untold = undefined
  }
  const finishStep = () => {
    if (untold !== undefined) tellStep(untold)
    if (lineIsLive) stream.write('\n')
    lineIsLive = false
  }

  return {
    write(event) {
      if (event.type === 'step') {
        if (now() - toldAt >= interval) tellStep(event)
        else untold = event
        return
      }
      // Looks go to the log and to TensorBoard; here they would only push the news away.
      // A divergence is the error that the command ends with.
      if (event.type === 'watch' || event.type === 'diverged') return
      if (event.type === 'start') steps = event.steps
      finishStep()
      stream.write(`${printable(describe(event))}\n`)
    },
    async close() {
      finishStep()
    },
  }
}

/** One line about a step. */
export function describeStep(event: StepEvent, steps: number | undefined): string {
  return [
    `step ${formatCount(event.step)}${steps === undefined ? '' : `/${formatCount(steps)}`}`,
    `epoch ${event.epoch.toFixed(2)}`,
    `${event.imagesPerSecond.toFixed(1)} images/s`,
    `loss ${event.loss.toPrecision(4)}`,
    `learning rate ${event.learningRate.toPrecision(3)}`,
    `${formatDuration(event.secondsLeft)} left`,
    ...(event.waitShare >= 0.05 ? [`waiting for images ${formatPercent(event.waitShare)}`] : []),
    ...(event.communicationShare === undefined ? [] : [`communication ${formatPercent(event.communicationShare)}`]),
  ].join('  ')
}

/** One line about anything but a step. */
export function describe(event: Exclude<TrainingEvent, StepEvent>): string {
  switch (event.type) {
    case 'start': {
      const how = event.firstStep === 0 ? 'training' : `going on after step ${formatCount(event.firstStep)}:`
      const size = `${formatCount(event.parameters)} parameters, ${formatCount(event.classes)} classes`
      const work = `${formatCount(event.images)} images, ${formatCount(event.epochs)} epochs, ${formatCount(event.steps)} steps of ${formatCount(event.batch)}`
      const together =
        event.replicas === undefined ? '' : `, shared by ${formatCount(event.replicas)} replicas (${event.carrier})`
      return `${how} ${event.network} (${size}): ${work}${together}`
    }
    case 'phase':
      return `from step ${formatCount(event.step + 1)} on: ${formatCount(event.trained)} of the ${formatCount(event.parameters)} parameters are trained`
    case 'evaluation': {
      const errors = `top-1 error ${formatPercent(event.top1Error)}, top-5 error ${formatPercent(event.top5Error)}`
      const bad = event.badImages === 0 ? '' : `, ${formatCount(event.badImages)} could not be read`
      const images = `${formatCount(event.images)} images in ${formatDuration(event.seconds)}${bad}`
      return `${event.set} at epoch ${event.epoch.toFixed(2)}: ${errors}, loss ${event.loss.toPrecision(4)} (${images})`
    }
    case 'checkpoint':
      return `checkpoint ${event.file}`
    case 'watch':
      return `step ${formatCount(event.step)}: ${formatPercent(event.zeroShare)} of ${event.layer} is zero, its magnitude ${event.magnitude.toPrecision(3)}`
    case 'died':
      return `the network died at step ${formatCount(event.step)}: ${event.layer}, the last layer before pooling, gives nothing but zeros, so no gradient reaches what lies before it; scale the residuals (--residual-scale 0.1 to 0.3) or lower the learning rate`
    case 'diverged':
      return event.message
    case 'warning':
      return `warning: ${event.message}`
    case 'bad image':
      return `warning: bad image ${event.path}: ${event.reason}`
    case 'done': {
      const waited = event.waitShare === undefined ? '' : `, ${formatPercent(event.waitShare)} of it waiting for images`
      return `done: ${formatCount(event.step)} steps in ${formatDuration(event.seconds)}${waited}; ${event.file}`
    }
    case 'interrupted':
      return `stopped at step ${formatCount(event.step)}; to go on: ${event.resumeCommand}`
  }
}

export const cut = (line: string, width: number): string =>
  line.length <= width ? line : width < 1 ? '' : `${line.slice(0, width - 1)}…`

/** A file name can hold control characters, with which it could take over the terminal. */
export const printable = (line: string): string => line.replace(/\p{Cc}/gu, '\uFFFD')
