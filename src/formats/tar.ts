import { UserError } from '../base/error.js'
import type { Fail } from './file-error.js'
import type { InputFile } from './input-file.js'
import { blockBytes, parsePaxRecords, parseTarHeader } from './tar-header.js'

/** A file in a tar archive. */
export interface TarEntry {
  readonly name: string
  /** Where its data begins, in bytes of the archive's file. */
  readonly begin: number
  /** Bytes. */
  readonly size: number
}

/** What an archive is read from: a file, or bytes that were unpacked. */
export type TarInput = Pick<InputFile, 'path' | 'size' | 'read'>

/** Where a tar archive lies in its file: the whole of it, or a member that is an archive itself. */
export type TarExtent = Pick<TarEntry, 'begin' | 'size'>

/** An extended header holds a name, at most a path of the system's length. */
export const mostHeaderBytes = 2 ** 20

/**
 * The regular files of a tar archive in order: headers are read, data is stepped over, so an archive of 100 GB is looked
 * through in as many small reads as it has members. Understands ustar, GNU's long names and sizes, and pax's; links,
 * folders and devices are passed over.
 *
 * Errors: `UserError` naming the file and the byte where a header is damaged or the archive is cut short, and for an
 * archive that is compressed.
 */
export function* readTar(
  input: TarInput,
  { begin, size }: TarExtent = { begin: 0, size: input.size },
): Generator<TarEntry> {
  const end = begin + size
  let extended: Extension = {}
  for (let at = begin; ; ) {
    const fail: Fail = reason => {
      throw new UserError(`${input.path} is damaged: the member at byte ${at} ${reason}; get the file again`)
    }
    if (at === begin) expectPlain(input, begin, size)
    // An archive without its closing zeros has all its members; one cut within them has not.
    if (at === end && at > begin) return
    if (at + blockBytes > end) fail('is cut short')
    const header = parseTarHeader(input.read(at, blockBytes), fail)
    if (!header) return
    const data = at + blockBytes
    const extend = extensions.get(header.type)
    const bytes = extend ? header.size : (extended.size ?? header.size)
    if (bytes > end - data) fail('is cut short')
    if (extend) extended = { ...extended, ...extend(readExtension(input, data, bytes, fail), fail) }
    else {
      const name = extended.name ?? header.name
      if (isRegular(header.type, name)) yield { name, begin: data, size: bytes }
      extended = {}
    }
    at = data + Math.ceil(bytes / blockBytes) * blockBytes
    // The padding of the last member may be missing, its data not.
    if (at > end) at = end
  }
}

/** What the headers before a member say of it. */
export interface Extension {
  readonly name?: string
  readonly size?: number
}

/** '7' is a contiguous file, which is read as any other. A name that ends in a slash is a folder in the old form. */
export const isRegular = (type: string, name: string): boolean => (type === '0' || type === '7') && !name.endsWith('/')

/** Members that are about the next one, by type. */
export const extensions = new Map<string, (data: Uint8Array, fail: Fail) => Extension>([
  ['L', data => ({ name: new TextDecoder().decode(data).replace(/\0+$/, '') })],
  ['x', paxExtension],
  // A link's target, and what holds for all members and is never a name.
  ['K', () => ({})],
  ['g', () => ({})],
])

function paxExtension(data: Uint8Array, fail: Fail): Extension {
  const records = parsePaxRecords(data, fail)
  const [name, size] = [records.get('path'), records.get('size')]
  if (size !== undefined && !/^\d{1,15}$/.test(size)) return fail('has a size that is no number')
  return { ...(name !== undefined && { name }), ...(size !== undefined && { size: Number(size) }) }
}

function readExtension(input: TarInput, begin: number, bytes: number, fail: Fail): Uint8Array {
  return bytes <= mostHeaderBytes ? input.read(begin, bytes) : fail('has an extended header of over a megabyte')
}

function expectPlain(input: TarInput, begin: number, size: number): void {
  const [first, second] = size >= 2 ? input.read(begin, 2) : []
  if (first === 0x1f && second === 0x8b)
    throw new UserError(
      `${input.path} is compressed (gzip), so no place in it can be read by itself: unpack it first (gunzip)`,
    )
}
