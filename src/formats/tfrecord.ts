import { UserError } from '../base/error.js'
import { maskedCrc32c } from './crc32c.js'
import type { Fail } from './file-error.js'
import { InputFile } from './input-file.js'

/**
 * TFRecord files: records one after the other, each as a length (8 bytes), the masked CRC-32C of the length (4), the
 * data, and the masked CRC-32C of the data (4), all little-endian (tensorflow/core/lib/io/record_writer.h).
 */

/** One record as it stands in a file. */
export function frameRecord(data: Uint8Array): Uint8Array {
  const frame = new Uint8Array(data.length + 16)
  const view = new DataView(frame.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, maskedCrc32c(frame.subarray(0, 8)), true)
  frame.set(data, 12)
  view.setUint32(12 + data.length, maskedCrc32c(data), true)
  return frame
}

export interface TfRecord {
  /** Where the record's frame starts in the file, in bytes. */
  readonly offset: number
  readonly data: Uint8Array
}

/**
 * The records of the file in order, each verified against its checksums; one record is in memory at a time.
 * Errors: `UserError` naming the file and the byte at which a record is damaged or cut short.
 */
export function* readTfRecords(path: string): Generator<TfRecord> {
  using input = new InputFile(path)
  for (let offset = 0; offset < input.size; ) {
    const data = readRecord(input, offset)
    yield { offset, data }
    offset += data.length + 16
  }
}

/** Where the data of a record lies in its file. */
export interface RecordExtent {
  readonly begin: number
  /** Bytes. */
  readonly size: number
}

/**
 * Where the records of the file lie, in order. Only lengths are read and verified, so a file of gigabytes is looked
 * through in as many small reads as it has records. Errors: as `readTfRecords`.
 */
export function* tfRecordExtents(input: InputFile): Generator<RecordExtent> {
  for (let offset = 0; offset < input.size; ) {
    const size = readLength(input, offset)
    yield { begin: offset + 12, size }
    offset += size + 16
  }
}

/** The verified data of the record whose frame starts at `offset`. Errors: as `readTfRecords`. */
export function readRecord(input: InputFile, offset: number): Uint8Array<ArrayBuffer> {
  const length = readLength(input, offset)
  const body = input.read(offset + 12, length + 4)
  const data = body.subarray(0, length)
  const stored = new DataView(body.buffer).getUint32(data.length, true)
  if (stored !== maskedCrc32c(data)) failAt(input, offset)('fails its checksum')
  return data
}

function readLength(input: InputFile, offset: number): number {
  const fail = failAt(input, offset)
  if (input.size - offset < 16) fail('is cut short')
  const head = input.read(offset, 12)
  const view = new DataView(head.buffer)
  if (view.getUint32(8, true) !== maskedCrc32c(head.subarray(0, 8))) fail('has a length that fails its checksum')
  const length = view.getBigUint64(0, true)
  if (length > input.size - offset - 16) fail('is cut short')
  return Number(length)
}

const failAt =
  ({ path }: InputFile, offset: number): Fail =>
  reason => {
    throw new UserError(`${path} is damaged: the record at byte ${offset} ${reason}; get the file again`)
  }
