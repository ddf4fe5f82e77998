import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { UserError } from '../base/error.js'
import { formatBytes } from '../base/format.js'
import { fileError } from './file-error.js'

/** One read call stays below the 2 GiB limit of the system and of Node. */
const mostPerCall = 64 * 2 ** 20

/** A regular file open for reading at any position, of any size. Its size is the one it had when it was opened. */
export class InputFile implements Disposable {
  readonly path: string
  /** Bytes. */
  readonly size: number
  #fd: number | undefined

  /** Errors: `UserError` when the file is missing, unreadable, or not a regular file (opening a pipe could wait for ever). */
  constructor(path: string) {
    this.path = path
    try {
      if (!statSync(path).isFile()) throw new UserError(`cannot read ${path}: it is not a regular file; check the path`)
      this.#fd = openSync(path, 'r')
      this.size = fstatSync(this.#fd).size
    } catch (error) {
      this.close()
      throw fileError('read', path, error)
    }
  }

  /** `length` bytes from `position` in memory of their own. Errors: `UserError` when the file ends before. */
  read(position: number, length: number): Uint8Array<ArrayBuffer> {
    this.#expectWithin(position, length)
    let target: Uint8Array<ArrayBuffer>
    try {
      target = new Uint8Array(length)
    } catch (error) {
      throw new UserError(`cannot read ${this.path}: no memory for a piece of ${formatBytes(length)}`, 1, {
        cause: error,
      })
    }
    this.#fill(target, position)
    return target
  }

  /** Fills `target` with the bytes from `position`. Errors: `UserError` when the file ends before. */
  readInto(target: Uint8Array, position: number): void {
    this.#expectWithin(position, target.length)
    this.#fill(target, position)
  }

  /** The bytes from `from` to `to` in order, in pieces. Each piece is the same memory again: use it before the next. */
  *pieces(from = 0, to = this.size, most = 4 * 2 ** 20): Generator<Uint8Array<ArrayBuffer>> {
    this.#expectWithin(from, to - from)
    const memory = new Uint8Array(Math.min(most, to - from))
    for (let at = from; at < to; at += memory.length) {
      const piece = memory.subarray(0, Math.min(memory.length, to - at))
      this.#fill(piece, at)
      yield piece
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #expectWithin(position: number, length: number): void {
    if (position < 0 || length < 0 || position + length > this.size)
      throw new UserError(
        `${this.path} is cut short: ${length} bytes were expected at byte ${position}, and it ends at byte ${this.size}; get it again`,
      )
  }

  #fill(target: Uint8Array, position: number): void {
    if (this.#fd === undefined) throw new Error(`${this.path} is closed`)
    let done = 0
    while (done < target.length) {
      let got: number
      try {
        got = readSync(this.#fd, target, done, Math.min(mostPerCall, target.length - done), position + done)
      } catch (error) {
        throw fileError('read', this.path, error)
      }
      if (got === 0) throw new UserError(`${this.path} became shorter while it was read; get it again`)
      done += got
    }
  }
}
