import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { formatCount } from '../base/format.js'
import { encodeCsv } from '../formats/csv.js'
import { fileError, systemCode } from '../formats/file-error.js'
import type { ImageSet } from './class-folder.js'
import type { BadImageNote } from './loader.js'

/** What is to be done about bad images: stop at the first; leave them out and list them; that, and move them aside. */
export const badImagePolicies = ['error', 'skip', 'quarantine'] as const
export type BadImagePolicy = (typeof badImagePolicies)[number]

/** Errors: `UserError` where an image lies in an archive. */
export function expectFiles({ root, items }: ImageSet): void {
  if (items.some(item => item.part)) throw notMovable(root)
}

/** An archive is never written to. */
export const notMovable = (data: string): UserError =>
  new UserError(`the images of ${data} lie in an archive, out of which none can be moved: list them instead (skip)`, 2)

/** What the loader does meanwhile: images are moved when the work over them is done. */
export const inLoading = (policy: BadImagePolicy): 'error' | 'skip' => (policy === 'error' ? 'error' : 'skip')

export interface QuarantineResult {
  /** Bad images that now lie in the quarantine. */
  readonly moved: readonly BadImageNote[]
  /** Those that could not be moved, with why. */
  readonly left: readonly BadImageNote[]
}

/** The list in a quarantine: the path that each image had in the data folder, what is wrong with it, its path here. */
export const quarantineList = 'list.csv'

/** Where the bad images of a data folder go: beside it, so that no run takes them for a class. */
export const quarantineOf = (data: string): string => `${path.resolve(data)}-quarantine`

/**
 * Moves bad images out of a data folder, each to its own relative path below `into`, and lists them there. Nothing is
 * ever overwritten: where the place is taken, a number goes before the ending. A line of the list is written before its
 * file is moved, so that a crash between the two loses neither.
 *
 * @param notes paths of files below `data`
 * @throws {UserError} if `into` lies in the data folder or cannot be written to
 */
export function quarantine(data: string, into: string, notes: readonly BadImageNote[]): QuarantineResult {
  expectOutside(data, into)
  const moved: BadImageNote[] = []
  const left: BadImageNote[] = []
  for (const note of notes) {
    const name = path.relative(data, note.path)
    const entry = lstatSync(note.path, { throwIfNoEntry: false })
    // One that has disappeared is bad for that reason, and there is nothing to move.
    if (!entry) continue
    if (leadsOut(name)) left.push({ path: note.path, reason: `it is not in ${data}` })
    else if (entry.isDirectory()) left.push({ path: note.path, reason: 'it is a folder' })
    else {
      let place: string
      try {
        place = freePlace(path.join(into, name))
        mkdirSync(path.dirname(place), { recursive: true })
        appendToList(path.join(into, quarantineList), [name, note.reason, path.relative(into, place)])
      } catch (error) {
        throw fileError('write', into, error)
      }
      try {
        move(note.path, place)
        moved.push(note)
      } catch (error) {
        left.push({ path: note.path, reason: `it cannot be moved to ${into} (${systemCode(error) ?? String(error)})` })
      }
    }
  }
  return { moved, left }
}

/** A sentence about those that were moved, and one about each that was not. */
export const describeQuarantine = ({ moved, left }: QuarantineResult, into: string): string[] => [
  ...(moved.length > 0 ? [`bad images moved to ${into}: ${formatCount(moved.length)}`] : []),
  ...left.map(({ path, reason }) => `bad image ${path} is not moved: ${reason}`),
]

/** Errors: `UserError` where images put into `into` would be read as data again. */
export function expectOutside(data: string, into: string): void {
  if (!leadsOut(path.relative(data, into)))
    throw new UserError(`the quarantine ${into} lies in ${data}, whose images are read: give a folder outside it`, 2)
}

const leadsOut = (relative: string): boolean =>
  relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)

function freePlace(wanted: string): string {
  const { dir, name, ext } = path.parse(wanted)
  let place = wanted
  for (let n = 2; lstatSync(place, { throwIfNoEntry: false }); n++) place = path.join(dir, `${name}-${n}${ext}`)
  return place
}

function appendToList(file: string, row: readonly string[]): void {
  const text = encodeCsv(['path', 'reason', 'moved_to'], [row])
  appendFileSync(file, existsSync(file) ? text.slice(text.indexOf('\n') + 1) : text, { flush: true })
}

/** A link is moved itself; what it leads to stays. */
function move(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    // The quarantine may be on another disk.
    if (systemCode(error) !== 'EXDEV') throw error
    cpSync(from, to, { verbatimSymlinks: true, errorOnExist: true, force: false, preserveTimestamps: true })
    if (lstatSync(to).isFile()) sync(to)
    rmSync(from)
  }
}

/** The copy is on its disk before the original goes. */
function sync(file: string): void {
  const descriptor = openSync(file, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
