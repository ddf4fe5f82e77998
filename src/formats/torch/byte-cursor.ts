import type { InputFile } from '../input-file.js'

/** How much of the file is in memory at once, unless one piece is longer. */
const windowLength = 64 * 2 ** 10

/** Bytes of a file from `begin` to `end`, taken one after the other. */
export class ByteCursor {
  readonly #input: InputFile
  readonly #end: number
  readonly #fail: (reason: string) => never
  #window: Uint8Array = new Uint8Array()
  /** Where the window begins in the file. */
  #base: number
  /** In the window. */
  #at = 0

  /** `fail` throws the error to report, given the reason. */
  constructor(input: InputFile, begin: number, end: number, fail: (reason: string) => never) {
    this.#input = input
    this.#base = begin
    this.#end = end
    this.#fail = fail
  }

  /** Of the next byte in the file. */
  get position(): number {
    return this.#base + this.#at
  }

  byte(): number {
    if (this.#at === this.#window.length) this.#load(1)
    return this.#window[this.#at++]!
  }

  /** The next `length` bytes; valid until the next call. */
  take(length: number): Uint8Array {
    if (length > this.#window.length - this.#at) this.#load(length)
    return this.#window.subarray(this.#at, (this.#at += length))
  }

  #load(length: number): void {
    const begin = this.position
    const left = this.#end - begin
    if (length > left) this.#fail(`it ends in the middle of a value, at byte ${this.#end}`)
    this.#window = this.#input.read(begin, Math.min(left, Math.max(length, windowLength)))
    this.#base = begin
    this.#at = 0
  }
}
