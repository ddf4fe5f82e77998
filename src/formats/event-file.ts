import { closeSync, openSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { fileError, systemCode } from './file-error.js'
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
  const parts = [fixed64(1, event.wallTime), varintField(2, event.step)]
  if (event.fileVersion !== undefined) parts.push(delimited(3, Buffer.from(event.fileVersion)))
  if (event.scalars !== undefined) {
    const values = Object.entries(event.scalars).map(([tag, value]) =>
      delimited(1, Buffer.concat([delimited(1, Buffer.from(tag)), fixed32(2, value)])),
    )
    parts.push(delimited(5, Buffer.concat(values)))
  }
  if (event.sessionStart === true) parts.push(delimited(7, varintField(1, 1)))
  return Buffer.concat(parts)
}

// Wire types of protocol buffers: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.

function varint(value: number): Buffer {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`cannot encode ${value} as a varint`)
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}

const varintField = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)])

function fixed64(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = (field << 3) | 1
  bytes.writeDoubleLE(value, 1)
  return bytes
}

function fixed32(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = (field << 3) | 5
  bytes.writeFloatLE(value, 1)
  return bytes
}

const delimited = (field: number, content: Buffer): Buffer =>
  Buffer.concat([varint((field << 3) | 2), varint(content.length), content])

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
