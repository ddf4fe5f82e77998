import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../base/error.js'
import { type ThreadMemory, type WasmModule, webAssembly } from '../../base/webassembly.js'

/** What `kernels/index.ts` exports: how threads share a job, and where the words of a row lie. */
export interface KernelExports {
  /** Opens the job of `rows` rows at byte `table` and wakes up to `helpers` workers. */
  readonly begin: (table: number, rows: number, helpers: number) => void
  /** Performs rows of the open job until none is left to claim. */
  readonly work: () => void
  /** Blocks until the open job is FINISHED or BROKEN; UNFINISHED after `milliseconds`. */
  readonly wait: (milliseconds: number) => number
  readonly finished: () => number
  /** A worker's life; returns when the team stops. */
  readonly serve: () => void
  readonly fail: () => void
  readonly failed: () => number
  readonly stop: () => void
  readonly constants: Readonly<Record<Constant, number>>
}

const functions = ['begin', 'work', 'wait', 'finished', 'serve', 'fail', 'failed', 'stop'] as const
const constants = [
  'RESERVED',
  'ROW_WORDS',
  'OPERANDS',
  'SUM',
  'SCALARS',
  'FIRST',
  'FINISHED',
  'UNFINISHED',
  'BROKEN',
  'RMSPROP',
  'MOMENTUM',
  'MOVING_AVERAGE',
  'SQUARED_NORM',
  'TO_BF16',
  'TO_F32',
  'FILL',
  'SCALE',
  'ADD',
  'UNIFORM',
  'TRUNCATED_NORMAL',
  'COPY',
  'ADD_BF16',
] as const
type Constant = (typeof constants)[number]

const file = fileURLToPath(new URL('./kernels.wasm', import.meta.url))

/** The compiled kernels; one module serves any number of threads. */
export function compileKernels(): WasmModule {
  try {
    return new webAssembly.Module(readFileSync(file))
  } catch (cause) {
    throw new UserError(`the SIMD kernels at ${file} cannot be loaded: run 'npm run build'`, 1, { cause })
  }
}

/** This thread's instance of the kernels over the team's memory. */
export function instantiateKernels(module: WasmModule, memory: ThreadMemory): KernelExports {
  const { exports } = new webAssembly.Instance(module, { env: { memory } })
  const found: Partial<Record<string, unknown>> = {}
  const values: Partial<Record<string, number>> = {}
  for (const name of functions) found[name] = exports[name]
  for (const name of constants) {
    const global = exports[name]
    if (global instanceof webAssembly.Global) values[name] = Number(global.value)
  }
  if (functions.some(name => typeof found[name] !== 'function') || constants.some(name => values[name] === undefined))
    throw new UserError(`the SIMD kernels at ${file} are of another version: run 'npm run build'`)
  return { ...found, constants: values } as unknown as KernelExports
}
