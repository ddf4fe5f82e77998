import yauzl from 'yauzl'
import type { InputFile } from '../input-file.js'

export interface ZipEntry {
  readonly name: string
  /** Whether the data is stored as it is, neither compressed nor encrypted. */
  readonly stored: boolean
  /** Of its data in the file. */
  readonly begin: number
  readonly length: number
  readonly crc32: number
}

/** A network has a few thousand tensors at most. */
const mostEntries = 100_000

/**
 * The entries of a zip archive by name. Their data is not looked at, and nothing is unpacked. Two entries of one name are an
 * error, and so is one that lies outside of the file. Errors: what `fail` throws.
 */
export async function readZipEntries(
  input: InputFile,
  fail: (reason: string) => never,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const found: ZipEntry[] = []
  try {
    // Names are decoded below: the library would throw out of reach of this `try`.
    const options = { lazyEntries: true, autoClose: false, decodeStrings: false }
    const zip = await yauzl.fromRandomAccessReaderPromise(new InputFileReader(input), input.size, options)
    if (zip.entryCount > mostEntries) return fail(`it has ${zip.entryCount} entries`)
    for await (const entry of zip.eachEntry()) {
      const name = new TextDecoder().decode(entry.fileNameRaw)
      const stored = entry.compressionMethod === 0 && !entry.isEncrypted()
      const { fileDataStart: begin } = await zip.readLocalFileHeaderPromise(entry, { minimal: true })
      found.push({ name, stored, begin, length: entry.compressedSize, crc32: entry.crc32 })
    }
  } catch (error) {
    // The library's complaints are plain errors; anything else is the system's refusal, or a defect.
    if (!(error instanceof Error) || error.name !== 'Error') throw error
    return fail(`as a zip archive it is damaged (${error.message})`)
  }
  const entries = new Map(found.map(entry => [entry.name, entry]))
  if (entries.size < found.length) fail('two entries of it have one name')
  return entries
}

/** The library's own reader takes the offsets of a damaged archive to the system unchecked. */
class InputFileReader extends yauzl.RandomAccessReader {
  readonly #input: InputFile

  constructor(input: InputFile) {
    super()
    this.#input = input
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    // Never within the call: the library expects to have returned.
    setImmediate(() => {
      if (!(position >= 0 && position + length <= this.#input.size))
        return callback(new Error(`it is cut short: nothing is at byte ${position}`))
      try {
        buffer.set(this.#input.read(position, length), offset)
      } catch (error) {
        return callback(error as Error)
      }
      callback(null, length)
    })
  }

  /** The file is its opener's. */
  override close(callback: (error: Error | null) => void): void {
    callback(null)
  }
}
