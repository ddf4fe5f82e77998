import { formatBytes, formatTable } from '../../../base/format.js'
import { sizeOf } from '../../../base/shape.js'
import type { Variable } from '../../../graph/ops/source.js'
import { compileWork, type Work, type WorkOptions } from '../../../study/bench/work.js'

/** Where the memory of a process that does some work goes, in bytes. */
export interface MemoryPlan {
  readonly work: Work
  readonly backend: string
  readonly precision: string
  readonly batch: number
  /** Maps, their gradients, inputs and scratch: one arena. */
  readonly arena: number
  /** Weights kept in their kernels' layouts. */
  readonly constants: number
  /** Parameters, their gradients, the optimiser's slots, running averages. */
  readonly variables: number
  /** Node, oneDNN, generated code. */
  readonly process: number
  /** Everything: what the process will have resident at most. */
  readonly peak: number
}

/** Compiles the work and reads its plan; nothing is run, so what is planned has not been touched yet. */
export function memoryPlan(work: Work, options: WorkOptions) {
  const { program, store } = compileWork(work, options)
  const { arena, constants, beside, inputs } = program.memory
  const variables = [...store.variables.values()]
  // Blocks that begin as zeros are not in memory before they are used; the rest of the variables, and inputs, are.
  const touched = sizeOfAll(variables.filter(({ initial }) => !(initial.kind === 'constant' && initial.value === 0)))
  const own = process.memoryUsage.rss() - touched - inputs
  const planned = { arena: arena + inputs, constants, variables: sizeOfAll(variables) + beside, process: own }
  const peak = Object.values(planned).reduce((sum, bytes) => sum + bytes, 0)
  const { backend, precision, batch } = options
  const plan: MemoryPlan = { work, backend: backend.title, precision, batch, ...planned, peak }
  return { plan, program }
}

const sizeOfAll = (variables: readonly Variable[]) => variables.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)

export function planTable(plan: MemoryPlan): string {
  const rows = [
    [plan.work === 'train' ? 'maps, gradients of maps, scratch' : 'maps, scratch', formatBytes(plan.arena)],
    ...(plan.constants > 0 ? [["weights in their kernels' layouts", formatBytes(plan.constants)]] : []),
    [
      plan.work === 'train' ? 'parameters, their gradients, optimiser, averages' : 'parameters',
      formatBytes(plan.variables),
    ],
    ['Node, oneDNN, generated code', formatBytes(plan.process)],
    ['peak', formatBytes(plan.peak)],
  ]
  const what = plan.work === 'train' ? 'Training' : 'Inference'
  const title = `${what} at batch ${plan.batch} in ${plan.precision} on ${plan.backend}:`
  return `${title}\n${formatTable(['memory', 'bytes'], rows)}`
}
