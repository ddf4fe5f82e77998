import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { fileError } from '../../formats/file-error.js'
import {
  type CheckpointEvent,
  decodeEventLine,
  encodeEventLine,
  type LoggedEvent,
  type Sink,
  type TrainingEvent,
} from '../events.js'

export interface JsonlOptions {
  /** The checkpoint from which the run goes on: the log goes back to where it was when that was written. */
  readonly resume?: Pick<CheckpointEvent, 'step' | 'file'>
  /** The clock, in seconds since 1970. */
  readonly now?: () => number
}

/**
 * The run's log, one event a line (see `encodeEventLine`), appended to `file`. A line that a crash cut short is removed
 * first. Each line is handed to the system at once, so that it survives the death of this process; it is forced to the
 * disk with every checkpoint and evaluation and at the end, so a power cut loses at most the lines since then.
 *
 * With `resume` the log becomes what an uninterrupted run would have had by that checkpoint: everything after the
 * checkpoint's line is cut, and the `start` event of the continuation is not written a second time.
 * Errors: `UserError` when the file cannot be read or written.
 */
export function jsonlSink(file: string, { resume, now = () => Date.now() / 1000 }: JsonlOptions = {}): Sink {
  const kept = existsSync(file) ? findEnd(readWhole(file), resume?.step) : { end: 0, started: false, reached: false }
  const fd = attempt(file, () => openSync(file, 'a'))
  attempt(file, () => ftruncateSync(fd, kept.end))

  const append = (event: TrainingEvent) =>
    attempt(file, () => {
      const line = Buffer.from(`${encodeEventLine(event, now())}\n`)
      for (let done = 0; done < line.length; ) done += writeSync(fd, line, done)
    })
  // The crash may have come between the checkpoint and its line.
  if (resume !== undefined && !kept.reached) append({ type: 'checkpoint', step: resume.step, file: resume.file })

  let open = true
  return {
    write(event) {
      if (resume !== undefined && kept.started && event.type === 'start') return
      append(event)
      if (!unsynced.has(event.type)) attempt(file, () => fsyncSync(fd))
    },
    async close() {
      if (!open) return
      open = false
      attempt(file, () => fsyncSync(fd))
      closeSync(fd)
    },
  }
}

/** What comes too often to be forced to the disk each time. */
const unsynced: ReadonlySet<TrainingEvent['type']> = new Set(['step', 'watch', 'warning', 'bad image'])

/** The events of a log in order. Damaged lines, such as one that is being written, are left out. */
export function readEventLog(file: string): LoggedEvent[] {
  const log = readWhole(file)
  return [...lines(log)].flatMap(({ start, end }) => decodeEventLine(log.toString('utf8', start, end)) ?? [])
}

interface Kept {
  /** Bytes to keep. */
  readonly end: number
  /** Whether a `start` event is among them. */
  readonly started: boolean
  /** Whether they end with the line of the checkpoint asked for. */
  readonly reached: boolean
}

/** How much of the log to keep: its whole lines, and with `step` those up to the checkpoint of that step. */
function findEnd(log: Buffer, step: number | undefined): Kept {
  let end = 0
  let started = false
  for (const line of lines(log)) {
    const event = decodeEventLine(log.toString('utf8', line.start, line.end))
    // Without the checkpoint's own line, the first line of a later step is where the log runs ahead.
    if (step !== undefined && event !== undefined && 'step' in event && event.step > step) break
    end = line.end + 1
    started ||= event?.type === 'start'
    if (event?.type === 'checkpoint' && event.step === step) return { end, started, reached: true }
  }
  return { end, started, reached: false }
}

/** Where each complete line lies, without its line feed. */
function* lines(log: Buffer): Generator<{ start: number; end: number }> {
  let start = 0
  for (let end = log.indexOf(0x0a); end !== -1; end = log.indexOf(0x0a, start)) {
    yield { start, end }
    start = end + 1
  }
}

const readWhole = (file: string): Buffer => attempt(file, () => readFileSync(file), 'read')

function attempt<T>(file: string, action: () => T, doing = 'write'): T {
  try {
    return action()
  } catch (error) {
    throw fileError(doing, file, error)
  }
}
