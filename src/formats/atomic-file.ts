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
/**
 * A file that takes its place only when it is whole, so that at every instant, also after a crash or a power cut, the
 * path names the old one or the new one: a temporary file in the same folder, fsync, rename, fsync of the folder. (ext4
 * and XFS may make a rename durable before the data it names, hence the first fsync; the rename itself is durable only
 * after the second.) Disposed before `place`, it leaves nothing behind.
 *
 * Errors: `UserError` naming the file when the system refuses.
 */
export class AtomicFile implements Disposable {
  readonly #file: string
  /** Where it is until it takes its place. */
  readonly temporary: string
  readonly #calls: FileCalls
  readonly #output: Output
  #fd: number | undefined
  #left = true

  constructor(file: string, calls: FileCalls = systemCalls) {
    this.#file = file
    this.temporary = path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`)
    this.#calls = calls
    const fd = this.#told(() => calls.open(this.temporary, 'wx'))
    this.#fd = fd
    this.#output = new Output(fd, calls)
  }

  /** Writes to the end of the file, or into it. */
  write<T>(fill: (out: Output) => T): T {
    return this.#told(() => fill(this.#output))
  }

  /** Makes what was written durable. From now on the file may be looked at where it is, and not be written. */
  finish(): void {
    const fd = this.#fd
    if (fd === undefined) return
    this.#told(() => {
      this.#calls.fsync(fd)
      // A descriptor whose close failed is gone all the same, so it is not closed again.
      this.#fd = undefined
      this.#calls.close(fd)
    })
  }

  /** Puts the file in its place. When the last step, the fsync of the folder, is what fails, it is there all the same. */
  place(): void {
    this.finish()
    this.#told(() => {
      this.#calls.rename(this.temporary, this.#file)
      this.#left = false
      syncFolder(path.dirname(this.#file), this.#calls)
    })
  }

  #told<T>(step: () => T): T {
    try {
      return step()
    } catch (error) {
      throw fileError('write', this.#file, error)
    }
  }

  [Symbol.dispose](): void {
    const fd = this.#fd
    this.#fd = undefined
    if (fd !== undefined) ignoringFailure(() => this.#calls.close(fd))
    if (this.#left) ignoringFailure(() => this.#calls.unlink(this.temporary))
    this.#left = false
  }
}

/** Files that are written beside their places, may be looked at there, and then take their names or are removed together. */
export class PendingFiles implements Disposable {
  readonly #calls: FileCalls
  readonly #files: AtomicFile[] = []

  constructor(calls: FileCalls = systemCalls) {
    this.#calls = calls
  }

  /** Writes the file that is to be at `file`, and returns where it is until then. Errors: as `AtomicFile`. */
  write(file: string, fill: (out: Output) => void): string {
    const atomic = new AtomicFile(file, this.#calls)
    this.#files.push(atomic)
    atomic.write(fill)
    atomic.finish()
    return atomic.temporary
  }

  /** Gives every file its name, in the order of writing. Errors: as `AtomicFile`. */
  place(): void {
    for (const file of this.#files) file.place()
  }

  [Symbol.dispose](): void {
    for (const file of this.#files) file[Symbol.dispose]()
  }
}

/**
 * Writes the file at `file` whole or not at all, as {@link AtomicFile} does.
 *
 * Errors: `UserError` naming the file when the system refuses; what `fill` throws passes through.
 */
export function writeAtomically(file: string, fill: (out: Output) => void, calls: FileCalls = systemCalls): void {
  using atomic = new AtomicFile(file, calls)
  atomic.write(fill)
  atomic.place()
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
