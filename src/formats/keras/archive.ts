import { crc32, inflateRawSync } from 'node:zlib'
import { type Entry, openPromise, type ZipFile } from 'yauzl'
import { UserError } from '../../base/error.js'
import { formatBytes } from '../../base/format.js'
import { fileError, systemCode } from '../file-error.js'
import { quote } from '../header-json.js'
import { InputFile } from '../input-file.js'
import { decodeJsonObject, type JsonObject } from '../json.js'
import type { SectionPlace } from './byte-section.js'

export interface KerasArchive {
  /** model.weights.h5 */
  readonly weights: SectionPlace
  /** config.json, the model's layers and their settings. */
  readonly config: JsonObject | undefined
  /** metadata.json, with the version of Keras. */
  readonly metadata: JsonObject | undefined
}

interface PlacedEntry {
  readonly entry: Entry
  /** Where its bytes start in the file. */
  readonly start: number
}

const names = ['model.weights.h5', 'config.json', 'metadata.json'] as const

/** What a ZIP archive's first entry has before its name, and where the name's length stands in it. */
const localHeaderLength = 30
const nameLengthAt = 26

/** How many of a file's first bytes `startsKerasArchive` looks at. */
export const archiveStartLength = localHeaderLength + Math.max(...names.map(name => name.length))

/** Whether a file begins with one of the entries that Keras puts first, and no other program. */
export function startsKerasArchive(start: Uint8Array): boolean {
  if (start.length < localHeaderLength || Buffer.from(start).toString('latin1', 0, 4) !== 'PK\x03\x04') return false
  const length = start[nameLengthAt]! + 256 * start[nameLengthAt + 1]!
  const first = Buffer.from(start).toString('latin1', localHeaderLength, localHeaderLength + length)
  return names.some(name => name === first)
}

/** Besides the three above an archive holds assets, which are few. */
const mostEntries = 10_000
/** The JSON of the largest networks has a few hundred kilobytes. */
const mostJsonBytes = 8 * 2 ** 20
const stored = 0
const deflated = 8
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads a model that Keras 3 saved: a ZIP archive of weights and JSON. Keras does not compress the weights, which are then
 * read where they are; compressed ones are unpacked in memory, as far as they have at most twice the size of the file.
 * Errors: `UserError` naming the file and what is wrong with it.
 */
export async function readKerasArchive(path: string): Promise<KerasArchive> {
  using input = new InputFile(path)
  const entries = await findEntries(path)
  const json = (name: 'config.json' | 'metadata.json'): JsonObject | undefined => {
    const placed = entries.get(name)
    if (placed === undefined) return undefined
    const bytes = readEntry(input, placed, mostJsonBytes)
    try {
      return decodeJsonObject(utf8.decode(bytes), `${name} in ${path}`)
    } catch (error) {
      throw error instanceof UserError ? error : damaged(path, `${name} is not UTF-8 text`)
    }
  }
  const weights = entries.get('model.weights.h5')
  if (weights === undefined)
    throw new UserError(`${path} holds no model.weights.h5: give a model that Keras 3 saved, or its weights themselves`)
  const { entry, start } = weights
  if (entry.compressionMethod === stored) checkStored(input, weights)
  const place =
    entry.compressionMethod === stored
      ? { file: path, offset: start, length: entry.compressedSize }
      : { bytes: readEntry(input, weights, 2 * input.size + 2 ** 20) }
  return { weights: place, config: json('config.json'), metadata: json('metadata.json') }
}

/** Where the entries that a model is made of lie; no other is looked at. */
async function findEntries(path: string): Promise<ReadonlyMap<string, PlacedEntry>> {
  const found = new Map<string, PlacedEntry>()
  let archive: ZipFile | undefined
  try {
    archive = await openPromise(path, { autoClose: false })
    if (archive.entryCount > mostEntries) throw new Error(`it claims ${archive.entryCount} entries`)
    for await (const entry of archive.eachEntry()) {
      const { fileName } = entry
      if (!names.some(name => name === fileName)) continue
      if (found.has(fileName)) throw new Error(`${fileName} is there twice`)
      if (entry.isEncrypted()) throw new Error(`${fileName} is encrypted`)
      const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true })
      found.set(fileName, { entry, start: fileDataStart })
    }
    return found
  } catch (error) {
    if (systemCode(error) !== undefined) throw fileError('read', path, error)
    throw damaged(path, error instanceof Error ? error.message.split('\n', 1)[0]! : String(error))
  } finally {
    archive?.close()
  }
}

/** The content of an entry, verified. */
function readEntry(input: InputFile, { entry, start }: PlacedEntry, most: number): Uint8Array {
  const { fileName, compressionMethod, compressedSize, uncompressedSize } = entry
  if (uncompressedSize > most || compressedSize > most)
    throw damaged(input.path, `${fileName} claims ${formatBytes(uncompressedSize)}`)
  const bytes = input.read(start, compressedSize)
  const content = compressionMethod === stored ? bytes : inflate(bytes, entry, input.path)
  if (content.length !== uncompressedSize || crc32(content) !== entry.crc32)
    throw damaged(input.path, `${fileName} fails its checksum`)
  return content
}

function inflate(
  bytes: Uint8Array,
  { fileName, compressionMethod, uncompressedSize }: Entry,
  path: string,
): Uint8Array {
  if (compressionMethod !== deflated) throw damaged(path, `${fileName} is compressed in an unknown way`)
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(1, uncompressedSize) })
  } catch {
    throw damaged(path, `${fileName} cannot be unpacked`)
  }
}

function checkStored(input: InputFile, { entry, start }: PlacedEntry): void {
  let sum = 0
  for (const piece of input.pieces(start, start + entry.compressedSize)) sum = crc32(piece, sum)
  if (sum !== entry.crc32) throw damaged(input.path, `${entry.fileName} fails its checksum`)
}

const damaged = (path: string, reason: string): UserError =>
  new UserError(`${path} is a damaged archive: ${quote(reason).slice(1, -1)}; get it again`)
