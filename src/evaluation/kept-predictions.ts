import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { crc32 } from 'node:zlib'
import { UserError } from '../base/error.js'
import { fileError } from '../formats/file-error.js'
import { InputFile } from '../formats/input-file.js'
import { encodeJson, isJsonObject, type JsonObject } from '../formats/json.js'

/** Whatever the numbers depend on, by the words that an error names it with. */
export type PredictionKey = Readonly<Record<string, string | number>>

/** What one part of an evaluation says of one image. */
export interface KeptPrediction {
  /** Which image of the set. */
  readonly image: number
  /** Which part of the evaluation. */
  readonly part: number
  /** How many views were computed; 0 where the image could not be read. */
  readonly views: number
  /** [classes], averaged over the views. */
  readonly probabilities: Float32Array
}

const [imageAt, partAt, viewsAt, probabilitiesAt] = [0, 4, 8, 12]
export const recordBytes = (classes: number) => probabilitiesAt + 4 * classes + 4

const version = 1
/** No header of ours is longer; of a file that is something else, no more is read. */
const longestHeader = 65536

/** Milliseconds after which what was written is forced to the disk. */
const syncEvery = 10_000

/**
 * A file that holds what has been predicted, so that a long evaluation can go on after an interruption: a line of JSON
 * with the key, then a record a prediction: image, part and views as u32, the probabilities as f32, and the CRC-32 of
 * all that, little-endian. Each record is handed to the system at once and survives the death of this process; they are
 * forced to the disk every ten seconds and at the end. What a crash cut short is removed when the file is opened again.
 */
export class KeptPredictions implements Disposable {
  readonly #file: string
  readonly #classes: number
  readonly #fd: number
  #end: number
  #synced = performance.now()
  /** Whether anything is yet to be forced to the disk. */
  #dirty = false
  #open = true

  /**
   * Opens `file`, or makes it. `take` is given what it holds, as by {@link readRecords}; at the first record that is cut
   * short or damaged, the rest is cut off. Errors: as `readRecords`, and UserError where the file cannot be written.
   */
  constructor(file: string, key: PredictionKey, classes: number, take: TakeRecord = () => {}) {
    this.#file = file
    this.#classes = classes
    const header = headerOf(key, classes)
    const end = existsSync(file) ? readRecords(file, key, classes, take) : 0
    this.#fd = this.#attempt(() => openSync(file, existsSync(file) ? 'r+' : 'wx'))
    this.#end = end
    try {
      this.#attempt(() => ftruncateSync(this.#fd, end))
      if (end === 0) this.#write(header)
    } catch (error) {
      closeSync(this.#fd)
      throw error
    }
  }

  append(kept: KeptPrediction): void {
    this.#write(encodeRecord(kept, this.#classes))
    if (performance.now() - this.#synced > syncEvery) this.flush()
  }

  /** Forces everything to the disk. */
  flush(): void {
    if (this.#dirty) this.#attempt(() => fsyncSync(this.#fd))
    this.#dirty = false
    this.#synced = performance.now()
  }

  [Symbol.dispose](): void {
    if (!this.#open) return
    this.#open = false
    try {
      this.flush()
    } finally {
      closeSync(this.#fd)
    }
  }

  #write(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#end + done)
    })
    this.#end += bytes.length
    this.#dirty = true
  }

  #attempt<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw fileError('write', this.#file, error)
    }
  }
}

const headerOf = (key: PredictionKey, classes: number): Uint8Array =>
  new TextEncoder().encode(`${encodeJson({ keptPredictions: version, classes, key }, 'the key of predictions')}\n`)

/** A prediction as bytes: see {@link KeptPredictions}. */
export function encodeRecord({ image, part, views, probabilities }: KeptPrediction, classes: number): Uint8Array {
  const record = new DataView(new ArrayBuffer(recordBytes(classes)))
  record.setUint32(imageAt, image, true)
  record.setUint32(partAt, part, true)
  record.setUint32(viewsAt, views, true)
  for (let i = 0; i < classes; i++) record.setFloat32(probabilitiesAt + 4 * i, probabilities[i]!, true)
  const contents = new Uint8Array(record.buffer, 0, record.byteLength - 4)
  record.setUint32(contents.length, crc32(contents), true)
  return new Uint8Array(record.buffer)
}

/** The record in `bytes`, read into `probabilities`; undefined where it is damaged. */
export function decodeRecord(bytes: Uint8Array, probabilities: Float32Array): KeptPrediction | undefined {
  const record = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const contents = bytes.subarray(0, -4)
  if (record.getUint32(contents.length, true) !== crc32(contents)) return undefined
  for (let i = 0; i < probabilities.length; i++) probabilities[i] = record.getFloat32(probabilitiesAt + 4 * i, true)
  return {
    image: record.getUint32(imageAt, true),
    part: record.getUint32(partAt, true),
    views: record.getUint32(viewsAt, true),
    probabilities,
  }
}

/** What is given a record, and the byte at which it begins. The probabilities are valid during the call. */
type TakeRecord = (kept: KeptPrediction, at: number) => void

/**
 * Hands on all that is whole, in the order of writing, and says where it ends; 0 where not even the header is.
 * Errors: UserError where the file is of another key, no such file at all, or cannot be read.
 */
export function readRecords(file: string, key: PredictionKey, classes: number, take: TakeRecord): number {
  const header = headerOf(key, classes)
  using input = new InputFile(file)
  const start = input.read(0, Math.min(input.size, longestHeader))
  const lineEnd = start.indexOf(0x0a) + 1
  // Cut short while it was being made: nothing is lost.
  if (lineEnd === 0 && start.length < header.length && start.every((byte, i) => byte === header[i])) return 0
  if (Buffer.compare(start.subarray(0, lineEnd), header) !== 0) throw otherKey(file, start.subarray(0, lineEnd), header)
  const length = recordBytes(classes)
  const probabilities = new Float32Array(classes)
  const recordsAtOnce = Math.ceil(2 ** 20 / length)
  let end = lineEnd
  for (const piece of input.pieces(lineEnd, input.size, recordsAtOnce * length))
    for (let at = 0; at + length <= piece.length; at += length) {
      const kept = decodeRecord(piece.subarray(at, at + length), probabilities)
      if (kept === undefined) return end
      take(kept, end)
      end += length
    }
  return end
}

/** Why a header is not the one that was expected. */
function otherKey(file: string, found: Uint8Array, expected: Uint8Array): UserError {
  const remedy = 'give the name of another file, or remove this one'
  const theirs = parseHeader(found)
  const ours = parseHeader(expected)!
  if (theirs === undefined) return new UserError(`${file} holds no predictions kept by this program: ${remedy}`)
  if (theirs.version !== version)
    return new UserError(`${file} holds predictions kept by another version of this program: ${remedy}`)
  const names = [...new Set([...Object.keys(ours.key), ...Object.keys(theirs.key)])]
  const name = names.find(name => ours.key[name] !== theirs.key[name]) ?? 'classes'
  const said = (value: unknown) => (value === undefined ? 'none' : String(value))
  return new UserError(
    `${file} holds predictions with another ${name} (${said(theirs.key[name])}, not ${said(ours.key[name])}): ${remedy}`,
  )
}

function parseHeader(line: Uint8Array): { version: unknown; key: JsonObject } | undefined {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
    const { keptPredictions, classes, key } = header as JsonObject
    if (keptPredictions === undefined || !isJsonObject(key)) return undefined
    return { version: keptPredictions, key: { ...key, classes: classes ?? null } }
  } catch {
    return undefined
  }
}
