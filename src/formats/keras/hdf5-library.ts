import { UserError } from '../../base/error.js'
import type { Fail } from '../file-error.js'
import type { ByteSection } from './byte-section.js'
import { mountSection } from './hdf5-mount.js'
import { Hdf5Tree } from './hdf5-tree.js'

/**
 * The HDF5 library in this thread, which should be one for it alone: what is printed here is taken for its complaints,
 * and every WebAssembly memory is held to `mostMemory` bytes, because a damaged file can make it ask for gigabytes.
 */
export class Hdf5Library {
  readonly #h5: typeof import('h5wasm')
  readonly #complaint: () => string | undefined

  private constructor(h5: typeof import('h5wasm'), complaint: () => string | undefined) {
    this.#h5 = h5
    this.#complaint = complaint
  }

  static async load(mostMemory: number): Promise<Hdf5Library> {
    const complaint = takeConsole()
    limitMemory(mostMemory)
    // Only now, so that the library finds console and memory as they are here.
    const h5 = await import('h5wasm')
    await h5.ready
    return new Hdf5Library(h5, complaint)
  }

  /** Opens the file in `section`; `folder` is the name under which the library sees it. */
  open(section: ByteSection, folder: string, file: string): { readonly tree: Hdf5Tree; readonly close: () => void } {
    const { Module: module, FS: files } = this.#h5
    if (files === null) throw new Error('the HDF5 library has no file system')
    const id = module.open(mountSection(files, section, folder), module.H5F_ACC_RDONLY, false, -1, -1)
    const reason = this.#complaint()
    const fail = failOn(file)
    if (id < 0n || reason !== undefined) fail(`it does not open as HDF5 (${reason ?? 'without a reason'})`)
    return { tree: new Hdf5Tree(module, id, section.length, this.#complaint, fail), close: () => module.close_file(id) }
  }
}

/** How to say that an HDF5 file cannot be read. */
export const failOn =
  (file: string): Fail =>
  reason => {
    throw new UserError(`${file} is no readable file of Keras weights: ${reason}`)
  }

/** The library prints its complaints: a stack of calls, of which the last says what is wrong. */
function takeConsole(): () => string | undefined {
  let lines: string[] = []
  console.error = console.log = (line: unknown) => {
    if (lines.length < 1000) lines.push(String(line))
  }
  return () => {
    const [complaint, last] = [lines.length > 0, lines.findLast(line => /^\s*#\d/.test(line))]
    lines = []
    if (!complaint) return undefined
    return /\(\): (.*?)(: time = .*)?$/.exec(last ?? '')?.[1] ?? 'the HDF5 library complains'
  }
}

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/** The library takes its memory through this method, and takes a refusal for what it is. */
function limitMemory(most: number): void {
  // TypeScript declares WebAssembly only along with the browser's globals.
  const api = (globalThis as unknown as { readonly WebAssembly: { readonly Memory: { readonly prototype: Memory } } })
    .WebAssembly
  const { grow } = api.Memory.prototype
  api.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65536 > most) throw new RangeError('the file is not worth that much memory')
    return grow.call(this, pages)
  }
}
