// A thread that reads one HDF5 file with the HDF5 library, and ends with it.
import { parentPort, workerData } from 'node:worker_threads'
import { UserError } from '../../base/error.js'
import { openSection } from './byte-section.js'
import { mountSection } from './hdf5-mount.js'
import type { Hdf5Reply, Hdf5Request, Hdf5Source } from './hdf5-request.js'
import { Hdf5Tree } from './hdf5-tree.js'
import { readStoredModel } from './stored-model.js'

const { place, file }: Hdf5Source = workerData
const fail = (reason: string): never => {
  throw new UserError(`${file} is no readable file of Keras weights: ${reason}`)
}

// The library prints its complaints. The last call of a stack of them is the one that says what is wrong.
let complaints: string[] = []
console.error = console.log = (line: unknown) => {
  if (complaints.length < 1000) complaints.push(String(line))
}
function complaint(): string | undefined {
  const lines = complaints
  complaints = []
  if (lines.length === 0) return undefined
  return /\(\): (.*)/.exec(lines.findLast(line => /^\s*#\d/.test(line)) ?? '')?.[1] ?? 'the HDF5 library complains'
}

const section = openSection(place)
limitMemory(64 * 2 ** 20 + 2 * section.length)
// Only now, so that the library finds the console as it is here.
const h5wasm = await import('h5wasm')
await h5wasm.ready
const { Module: module, FS: files } = h5wasm
let tree: Hdf5Tree | undefined

parentPort!.on('message', (request: Hdf5Request) => {
  const reply = answer(request)
  parentPort!.postMessage(reply, 'values' in reply ? [reply.values.buffer] : [])
})

function answer(request: Hdf5Request): Hdf5Reply {
  try {
    tree ??= openTree()
    return 'read' in request ? { values: tree.floats(request.read) } : { model: readStoredModel(tree, fail) }
  } catch (error) {
    if (error instanceof UserError) return { failed: error.message }
    throw error
  }
}

function openTree(): Hdf5Tree {
  if (files === null) throw new Error('the HDF5 library has no file system')
  const id = module.open(mountSection(files, section), module.H5F_ACC_RDONLY, false, -1, -1)
  const reason = complaint()
  if (id < 0n || reason !== undefined) fail(`it does not open as HDF5 (${reason ?? 'without a reason'}); get it again`)
  return new Hdf5Tree(module, id, section.length, complaint, fail)
}

interface Memory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

/**
 * A damaged file can make the library ask for gigabytes. It gets its memory through this method, and takes a refusal for
 * what it is. `most` is in bytes.
 */
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
