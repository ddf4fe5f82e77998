import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { cacheFolder } from '../../base/cache-folder.js'
import { fnv1a } from '../../base/random.js'
import { writeAtomically } from '../../formats/atomic-file.js'
import type { Codec } from '../../formats/file-stretch.js'
import { InputFile } from '../../formats/input-file.js'
import type { FileForm, FoundImage, ScanOptions } from './found-image.js'

/** Beside the files that it is of. Hidden, so no source takes it for data. */
const folderName = '.inception-index'
const version = 1

/** What an index is of. It holds for a file of the same form, size and time of change. */
interface Header {
  readonly index: number
  readonly form: string
  readonly bytes: number
  readonly modified: number
  readonly images: number
  /** Of all that follows the header's line. */
  readonly sha256: string
}

/**
 * The images of a file. One that holds them is read from one end to the other, so what is found is kept: in a folder
 * beside the file, or in the user's cache folder where that is read-only, and taken from there as long as the file does
 * not change. An index that is damaged is made again; one that cannot be written is done without.
 *
 * Errors: as the form's `scan`, and the signal's reason when aborted.
 */
export async function imagesOf(
  file: string,
  form: FileForm,
  options: ScanOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<readonly FoundImage[]> {
  if (form.lists) return await scan(file, form, options)
  const { size, mtimeMs } = statSync(file)
  const key = { index: version, form: form.title, bytes: size, modified: mtimeMs }
  const places = indexPlaces(file, env)
  for (const place of places) {
    const kept = readIndex(place, key)
    if (kept) return kept
  }
  const images = await scan(file, form, options)
  for (const place of places) if (writeIndex(place, key, images)) break
  return images
}

/** Where the index of a file may be: beside it, and in the cache, told from those of other files by the whole path. */
export function indexPlaces(file: string, env: NodeJS.ProcessEnv): readonly [beside: string, cached: string] {
  const name = `${path.basename(file)}.index`
  const mark = fnv1a(realpathSync(file)).toString(16).padStart(8, '0')
  return [path.join(path.dirname(file), folderName, name), path.join(cacheFolder(env), 'index', `${mark}-${name}`)]
}

const millisecondsBetweenBreaks = 50

/** Makes breaks, in which the process hears of Ctrl-C. */
async function scan(file: string, form: FileForm, { onProgress, signal }: ScanOptions): Promise<FoundImage[]> {
  using input = new InputFile(file)
  const images: FoundImage[] = []
  let last = performance.now()
  for (const image of form.scan(input)) {
    images.push(image)
    if (performance.now() - last < millisecondsBetweenBreaks) continue
    onProgress?.(`looking through ${path.basename(file)}, MB`, (image.part?.begin ?? 0) / 1e6, input.size / 1e6)
    await setImmediate()
    signal?.throwIfAborted()
    last = performance.now()
  }
  return images
}

/** An image in an index, as short as JSON allows: a million of them are read at every start. */
type Row = readonly [
  name: string,
  label: string,
  begin: number,
  size: number,
  boxes?: readonly number[] | null,
  packing?: readonly [codec: Codec, unpacked: number, begin: number, size: number],
]

/** Rows a line: few enough for one string, enough to be fast. */
const rowsPerLine = 4096

function writeIndex(place: string, key: Omit<Header, 'images' | 'sha256'>, images: readonly FoundImage[]): boolean {
  const hash = createHash('sha256')
  const header = (sha256: string) => Buffer.from(`${JSON.stringify({ ...key, images: images.length, sha256 })}\n`)
  try {
    mkdirSync(path.dirname(place), { recursive: true })
    writeAtomically(place, out => {
      out.append(header('0'.repeat(64)))
      for (let from = 0; from < images.length; from += rowsPerLine) {
        const rows = images.slice(from, from + rowsPerLine).map(rowOf)
        const line = Buffer.from(`${JSON.stringify(rows)}\n`)
        hash.update(line)
        out.append(line)
      }
      out.patch(0, header(hash.digest('hex')))
    })
    return true
  } catch {
    // A read-only or full disk costs another scan, not the run.
    return false
  }
}

function rowOf({ name, label, part = { begin: 0, size: 0 }, boxes }: FoundImage): Row {
  const row = [name, label, part.begin, part.size] as const
  const { packing } = part
  if (packing) return [...row, boxes ?? null, [packing.codec, packing.unpacked, packing.begin, packing.size]]
  return boxes ? [...row, boxes] : row
}

function readIndex(place: string, key: Omit<Header, 'images' | 'sha256'>): FoundImage[] | undefined {
  try {
    const bytes = readFileSync(place)
    const body = bytes.indexOf(0x0a) + 1
    const header = JSON.parse(bytes.toString('utf8', 0, body)) as Header
    const isOfFile = Object.entries(key).every(([name, value]) => header[name as keyof Header] === value)
    if (!isOfFile || createHash('sha256').update(bytes.subarray(body)).digest('hex') !== header.sha256) return undefined
    const images: FoundImage[] = []
    for (let at = body; at < bytes.length; ) {
      const end = bytes.indexOf(0x0a, at)
      for (const row of JSON.parse(bytes.toString('utf8', at, end)) as Row[]) images.push(imageOf(row))
      at = end + 1
    }
    return images
  } catch {
    return undefined
  }
}

function imageOf([name, label, begin, size, boxes, packed]: Row): FoundImage {
  const packing = packed && { codec: packed[0], unpacked: packed[1], begin: packed[2], size: packed[3] }
  return { name, label, part: { begin, size, ...(packing && { packing }) }, ...(boxes && { boxes }) }
}
