// A thread of a Team: does its share of every job until the team stops.
import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadMemory, WasmModule } from '../../base/webassembly.js'
import { instantiateKernels } from './kernel-module.js'

/** What a team gives each of its workers. */
export interface Hire {
  readonly module: WasmModule
  readonly memory: ThreadMemory
}

const { module, memory } = workerData as Hire
const kernels = instantiateKernels(module, memory)
parentPort?.postMessage('ready')
try {
  kernels.serve()
} catch (error) {
  // The calling thread may be blocked and deaf to events, so it is told through shared memory as well.
  kernels.fail()
  throw error
}
