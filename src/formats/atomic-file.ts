import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import path from 'node:path'
import { fileError, systemCode } from './file-error.js'

/** The calls of the operating system that writing a file takes; a test hands in ones that fail. */
export interface FileCalls {
  open(path: string, flags: 'wx' | 'r'): number
  write(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number
  fsync(fd: number): void
  close(fd: number): void
  rename(from: string, to: string): void
  unlink(path: string): void
}

export const systemCalls: FileCalls = {
  open: openSync,
  write: writeSync,
  fsync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  unlink: unlinkSync,
}

/** One write call stays below the 2 GiB limit of the system and of Node. */
const mostPerCall = 64 * 2 ** 20

/** The file being written: bytes go to its end, and bytes already there can be overwritten. */
export class Output {
  readonly #calls: FileCalls
  readonly #fd: number
  #length = 0

  constructor(fd: number, calls: FileCalls) {
    this.#fd = fd
    this.#calls = calls
  }

  /** Bytes appended so far. */
  get length(): number {
    return this.#length
  }

  append(bytes: Uint8Array): void {
    this.#put(bytes, this.#length)
    this.#length += bytes.length
  }

  /** Overwrites bytes that were appended before. */
  patch(position: number, bytes: Uint8Array): void {
    if (position < 0 || position + bytes.length > this.#length) throw new RangeError('patch outside what was written')
    this.#put(bytes, position)
  }

  #put(bytes: Uint8Array, position: number): void {
    let done = 0
    while (done < bytes.length) {
      const length = Math.min(mostPerCall, bytes.length - done)
      const written = this.#calls.write(this.#fd, bytes, done, length, position + done)
      if (written <= 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO', syscall: 'write' })
      done += written
    }
  }
}

/**
 * Files that are written whole beside their places, may be looked at there, and then take their names; what has not done
 * so when this is disposed is removed. At every instant, also after a crash or a power cut, the file at each place is the
 * old one or the new one, whole: a temporary file in the same folder, fsync, rename, fsync of the folder. (ext4 and XFS
 * may make a rename durable before the data it names, hence the first fsync; the rename itself is durable only after the
 * second.)
 */
export class PendingFiles implements Disposable {
  readonly #calls: FileCalls
  /** Temporary files by their places. */
  readonly #pending = new Map<string, string>()

  constructor(calls: FileCalls = systemCalls) {
    this.#calls = calls
  }

  /**
   * Writes the file that is to be at `file`, and returns where it is until then. Errors: `UserError` naming the file when
   * the system refuses; what `fill` throws passes through.
   */
  write(file: string, fill: (out: Output) => void): string {
    const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`)
    let fd: number | undefined
    try {
      fd = this.#calls.open(temporary, 'wx')
      this.#pending.set(file, temporary)
      fill(new Output(fd, this.#calls))
      this.#calls.fsync(fd)
      const finished = fd
      // A descriptor whose close failed is gone all the same, so it is not closed again below.
      fd = undefined
      this.#calls.close(finished)
      return temporary
    } catch (error) {
      const opened = fd
      if (opened !== undefined) ignoringFailure(() => this.#calls.close(opened))
      throw fileError('write', file, error)
    }
  }

  /**
   * Gives every file its name, in the order of writing. Errors: as `write`. When the last step, the fsync of the folder,
   * is what fails, the new file is in place.
   */
  place(): void {
    for (const [file, temporary] of this.#pending)
      try {
        this.#calls.rename(temporary, file)
        this.#pending.delete(file)
        syncFolder(path.dirname(file), this.#calls)
      } catch (error) {
        throw fileError('write', file, error)
      }
  }

  [Symbol.dispose](): void {
    for (const temporary of this.#pending.values()) ignoringFailure(() => this.#calls.unlink(temporary))
    this.#pending.clear()
  }
}

/** Writes one file as `PendingFiles` does, and errs as it does. */
export function writeAtomically(file: string, fill: (out: Output) => void, calls: FileCalls = systemCalls): void {
  using files = new PendingFiles(calls)
  files.write(file, fill)
  files.place()
}

/** Writes a text as `writeAtomically` does. */
export const writeText = (file: string, text: string): void =>
  writeAtomically(file, out => out.append(new TextEncoder().encode(text)))

/**
 * Removes what writers killed in the middle left in `folder`. Only for a folder with one writer at a time: the
 * temporary file of a writer still at work would go too.
 */
export function removeLeftovers(folder: string, calls: FileCalls = systemCalls): void {
  for (const name of readdirSync(folder))
    if (/^\..+\.[0-9a-f]{12}\.tmp$/.test(name)) ignoringFailure(() => calls.unlink(path.join(folder, name)))
}

/** Makes the names in `folder` durable, where the file system knows how to: some refuse to open or sync a folder. */
function syncFolder(folder: string, calls: FileCalls): void {
  try {
    const fd = calls.open(folder, 'r')
    try {
      calls.fsync(fd)
    } finally {
      calls.close(fd)
    }
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES'].includes(systemCode(error) ?? '')) throw error
  }
}

/** Runs a step of the clean-up, whose failure would hide the error that made it necessary. */
function ignoringFailure(step: () => void): void {
  try {
    step()
  } catch {}
}
