import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { UserError } from '../base/error.js'
import { formatCount } from '../base/format.js'
import { fileError } from '../formats/file-error.js'
import { type MatStruct, type MatValue, parseMat } from '../formats/mat.js'
import { readTar } from '../formats/tar.js'
import { linesOf } from '../formats/text-lines.js'
import { statOf } from './folder-entries.js'

/** What the development kit of ILSVRC-2012's task 1 and 2 says. */
export interface Devkit {
  /** The folder or archive it was read from. */
  readonly place: string
  /** The classes' names (WNIDs) by ILSVRC2012_ID − 1, which is not their alphabetical order. */
  readonly wnids: readonly string[]
  /** The ILSVRC2012_ID of each validation image, in the order of file names. */
  readonly groundTruth: readonly number[]
}

const devkit = 'ILSVRC2012_devkit_t12'
const synsetsFile = 'data/meta.mat'
const groundTruthFile = 'data/ILSVRC2012_validation_ground_truth.txt'

/** The kit has 2.5 MB packed. */
const mostBytes = 64 * 2 ** 20

/**
 * Reads the development kit that lies in `folder`: ILSVRC2012_devkit_t12.tar.gz as it was downloaded, as a tar archive or
 * unpacked. Undefined when it is not there. Errors: `UserError` naming the file that is missing in it or damaged.
 */
export async function findDevkit(folder: string): Promise<Devkit | undefined> {
  for (const [ending, open] of forms) {
    const place = path.join(folder, devkit + ending)
    if (await statOf(place)) return await readDevkit(place, open)
  }
  return undefined
}

/**
 * Reads the development kit at `place`: its archive or folder, or a folder that it lies in.
 *
 * Errors: as {@link findDevkit}, and `UserError` where there is none.
 */
export async function openDevkit(place: string): Promise<Devkit> {
  const there = await statOf(place)
  const isFolder = there?.isDirectory() === true
  const lies = isFolder && !(await statOf(path.join(place, synsetsFile)))
  const form = forms.find(([ending]) => (ending === '') === isFolder && place.endsWith(ending))
  const found = lies ? await findDevkit(place) : there && form && (await readDevkit(place, form[1]))
  if (found) return found
  throw new UserError(`${place} is no ${devkit}: give ${devkit}.tar.gz, as it was downloaded or unpacked`)
}

/** Gives the bytes of a file of the kit, by its path in it. */
type ReadPart = (name: string) => Uint8Array | undefined

const forms: readonly (readonly [ending: string, open: (place: string) => ReadPart])[] = [
  ['', place => name => contentOf(path.join(place, name))],
  ['.tar.gz', place => tarPart(place, unpacked(place))],
  ['.tar', place => tarPart(place, contentOf(place) ?? new Uint8Array(0))],
]

async function readDevkit(place: string, open: (place: string) => ReadPart): Promise<Devkit> {
  const part = open(place)
  const read = (name: string) => {
    const bytes = part(name)
    if (!bytes) throw new UserError(`${place} has no ${name}: get the development kit again`)
    return bytes
  }
  const wnids = wnidsOf(parseMat(read(synsetsFile), `${place}, ${synsetsFile}`).get('synsets'), place)
  const lines = linesOf(new TextDecoder().decode(read(groundTruthFile)))
  const groundTruth = lines.map(({ number, text }) => {
    const id = Number(text)
    if (!/^\d+$/.test(text) || id < 1 || id > wnids.length)
      throw new UserError(
        `${place}, ${groundTruthFile}, line ${number}: '${text}' is no ID from 1 to ${formatCount(wnids.length)}: get the development kit again`,
      )
    return id
  })
  return { place, wnids, groundTruth }
}

/** Classes are the synsets without others below them, and their IDs go from 1 without a gap. */
function wnidsOf(synsets: MatValue | undefined, place: string): readonly string[] {
  const fail = (what: string): never => {
    throw new UserError(`${place}, ${synsetsFile}: ${what}: get the development kit again`)
  }
  if (!Array.isArray(synsets) || typeof synsets[0] === 'number') return fail('it has no list of synsets')
  const wnids: string[] = []
  for (const synset of synsets as readonly MatStruct[]) {
    const [id, wnid, below] = ['ILSVRC2012_ID', 'WNID', 'num_children'].map(field => synset.get(field))
    const [number] = Array.isArray(id) ? (id as readonly number[]) : []
    if (number === undefined || typeof wnid !== 'string' || !Array.isArray(below)) return fail('a synset lacks a field')
    if (below[0] !== 0) continue
    if (wnids[number - 1] !== undefined) return fail(`two classes have the ID ${number}`)
    wnids[number - 1] = wnid
  }
  if (wnids.length === 0 || wnids.length > synsets.length || wnids.includes(undefined as never))
    return fail('the IDs of its classes have gaps')
  if (new Set(wnids).size !== wnids.length) return fail('a class is there twice')
  return wnids
}

function tarPart(place: string, bytes: Uint8Array): ReadPart {
  const read = (begin: number, length: number) => new Uint8Array(bytes.subarray(begin, begin + length))
  const entries = [...readTar({ path: place, size: bytes.length, read })]
  return name => {
    const entry = entries.find(one => one.name === `${devkit}/${name}` || one.name === `./${devkit}/${name}`)
    return entry && read(entry.begin, entry.size)
  }
}

function unpacked(place: string): Uint8Array {
  try {
    return gunzipSync(contentOf(place) ?? new Uint8Array(0), { maxOutputLength: mostBytes })
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`${place} cannot be unpacked: get the development kit again`, 1, { cause: error })
  }
}

function contentOf(file: string): Uint8Array | undefined {
  try {
    return readFileSync(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw fileError('read', file, error)
  }
}
