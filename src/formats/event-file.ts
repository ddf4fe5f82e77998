import { closeSync, openSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { fileError, systemCode } from './file-error.js'
import { WireMessage } from './protobuf-writer.js'
import { frameRecord } from './tfrecord.js'

/**
 * TensorBoard event files: TFRecords, each a protocol buffer `Event`. The numbers below are the fields' in
 * tensorboard/compat/proto/event.proto and summary.proto.
 */
export interface TensorBoardEvent {
  /** Seconds since 1970; Event.wall_time = 1. */
  readonly wallTime: number
  /** Event.step = 2. */
  readonly step: number
  /** Event.file_version = 3, in the first record of a file. */
  readonly fileVersion?: string
  /** Event.summary = 5, of Summary.value = 1, each with Value.tag = 1 and Value.simple_value = 2. */
  readonly scalars?: Readonly<Record<string, number>>
  /**
   * Event.session_log = 7 with SessionLog.status = 1 set to START = 1: TensorBoard then forgets what earlier files say
   * about this step and later ones, which a run that was resumed does over again.
   */
  readonly sessionStart?: boolean
}

/** The event as a protocol buffer. */
export function encodeEvent(event: TensorBoardEvent): Uint8Array {
  const message = new WireMessage().double(1, event.wallTime).int(2, event.step)
  if (event.fileVersion !== undefined) message.text(3, event.fileVersion)
  if (event.scalars !== undefined) {
    const summary = new WireMessage()
    for (const [tag, value] of Object.entries(event.scalars))
      summary.message(1, new WireMessage().text(1, tag).float(2, value))
    message.message(5, summary)
  }
  if (event.sessionStart === true) message.message(7, new WireMessage().int(1, 1))
  return message.encode()
}

/**
 * A new event file in `folder`, open for appending. TensorBoard reads the event files of a folder in the order of their
 * names and takes those whose name holds "tfevents".
 */
export class EventFile {
  readonly path: string
  #fd: number | undefined

  /** `wallTime` is in seconds since 1970. Errors: `UserError` when the file cannot be made or written. */
  constructor(folder: string, wallTime: number) {
    const seconds = String(Math.floor(wallTime)).padStart(10, '0')
    const host = hostname().replace(/[^\w.-]/g, '_')
    for (let n = 0; ; n++) {
      const file = path.join(folder, `events.out.tfevents.${seconds}.${host}.${process.pid}.${n}`)
      try {
        this.#fd = openSync(file, 'ax')
      } catch (error) {
        if (systemCode(error) === 'EEXIST') continue
        throw fileError('write', file, error)
      }
      this.path = file
      break
    }
    this.append({ wallTime, step: 0, fileVersion: 'brain.Event:2' })
  }

  append(event: TensorBoardEvent): void {
    if (this.#fd === undefined) throw new Error(`${this.path} is closed`)
    const frame = frameRecord(encodeEvent(event))
    try {
      for (let done = 0; done < frame.length; ) done += writeSync(this.#fd, frame, done)
    } catch (error) {
      throw fileError('write', this.path, error)
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}
