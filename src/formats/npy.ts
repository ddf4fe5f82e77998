import { existsSync } from 'node:fs'
import { UserError } from '../base/error.js'
import { AtomicFile, expectFilePlace } from './atomic-file.js'
import { InputFile } from './input-file.js'

// NumPy's .npy, version 1.0: magic, length of the header, a Python literal that says type, order and shape, padded to a
// multiple of 64 bytes, then the numbers. Source: numpy/lib/format.py.

const magic = [0x93, ...Buffer.from('NUMPY', 'latin1'), 1, 0]
const alignment = 64
/** Room for the largest number of rows, so that the header keeps its length while rows are added. */
const mostDigits = String(Number.MAX_SAFE_INTEGER).length

/** The header of little-endian f32 numbers [rows, columns] in row-major order. */
export function npyHeader(rows: number, columns: number): Uint8Array {
  const literal = (n: string) => `{'descr': '<f4', 'fortran_order': False, 'shape': (${n}, ${columns}), }`
  const longest = magic.length + 2 + literal('9'.repeat(mostDigits)).length + 1
  const length = Math.ceil(longest / alignment) * alignment
  const text = `${literal(String(rows)).padEnd(length - magic.length - 3)}\n`
  return Buffer.concat([
    Uint8Array.from(magic),
    Uint8Array.of(text.length & 0xff, text.length >> 8),
    Buffer.from(text, 'latin1'),
  ])
}

/**
 * Errors: `UserError` where an .npy file cannot be put at `path`, or would take the place of something else: an option
 * without its value takes the next word of a command line, which may be an image.
 */
export function expectNpyPlace(path: string): void {
  expectFilePlace(path)
  if (!existsSync(path)) return
  using file = new InputFile(path)
  const start = file.read(0, Math.min(file.size, magic.length - 2))
  if (start.some((byte, i) => byte !== magic[i]))
    throw new UserError(`cannot write ${path}: it is there, and is no .npy file; give another name, or remove it`, 2)
}

/**
 * A matrix of f32 that is written row by row and appears as an .npy file when it is committed; holds one row at a time.
 * Errors: `UserError` when it cannot be written.
 */
export class NpyFile implements Disposable {
  readonly #file: AtomicFile
  #columns: number | undefined
  #rows = 0

  constructor(path: string) {
    this.#file = new AtomicFile(path)
  }

  get rows(): number {
    return this.#rows
  }

  get columns(): number {
    return this.#columns ?? 0
  }

  append(row: Float32Array): void {
    const columns = this.#columns ?? row.length
    if (row.length !== columns) throw new RangeError(`a row of ${row.length} numbers among rows of ${columns}`)
    this.#file.write(out => {
      if (this.#columns === undefined) out.append(npyHeader(0, columns))
      out.append(littleEndian(row))
    })
    this.#columns = columns
    this.#rows++
  }

  /** Puts the file in its place; without a row it has no columns either. */
  commit(): void {
    this.#file.write(out => {
      const header = npyHeader(this.#rows, this.columns)
      if (this.#columns === undefined) out.append(header)
      else out.patch(0, header)
    })
    this.#file.place()
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]()
  }
}

function littleEndian(row: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * row.length))
  for (const [i, value] of row.entries()) bytes.setFloat32(4 * i, value, true)
  return new Uint8Array(bytes.buffer)
}
