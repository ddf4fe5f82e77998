import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UserError } from '../base/error.js'
import { type OwnMemory, wasmPage, webAssembly } from '../base/webassembly.js'

/** What `kernels/index.ts` exports. Places are bytes in `memory`; a row is three planes of `plane` bytes. */
export interface RowKernels {
  readonly memory: OwnMemory
  readonly base: () => number
  readonly across: (pixels: number, last: number, left: number, weights: number, row: number, plane: number) => void
  readonly between: (upper: number, lower: number, weight: number, row: number, plane: number) => void
  readonly brightness: (row: number, plane: number, delta: number) => void
  readonly saturation: (row: number, plane: number, factor: number) => void
  readonly hue: (row: number, plane: number, delta: number) => void
  readonly sum: (values: number, count: number) => number
  readonly contrast: (values: number, plane: number, mean: number, factor: number) => void
  readonly finish: (row: number, plane: number, out: number) => void
}

const file = fileURLToPath(new URL('./kernels.wasm', import.meta.url))

/** This thread's kernels, over a memory of their own. */
export function instantiateRowKernels(): RowKernels {
  try {
    const { exports } = new webAssembly.Instance(new webAssembly.Module(readFileSync(file)))
    return exports as unknown as RowKernels
  } catch (cause) {
    throw new UserError(`the data kernels at ${file} cannot be loaded: run 'npm run build'`, 1, { cause })
  }
}

/** Makes the memory reach to `end`. @throws {UserError} if the system has no more */
export function reach({ memory }: RowKernels, end: number): void {
  const missing = end - memory.buffer.byteLength
  if (missing <= 0) return
  try {
    memory.grow(Math.ceil(missing / wasmPage))
  } catch (cause) {
    throw new UserError(`an image needs ${end} bytes of working memory, which there are not`, 1, { cause })
  }
}
