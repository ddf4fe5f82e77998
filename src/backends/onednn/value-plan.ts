import { flatten, type Graph, type Value } from '../../graph/op.js'
import { inputOp } from '../../graph/ops/source.js'
import { type Lifetime, planArena } from '../plan.js'
import type { Launch } from './kernels.js'
import type { Lowered, Step } from './lower.js'

const alignment = 64

export const isInput = (op: unknown): boolean => op === inputOp

interface Options {
  readonly outputs: readonly Value[]
  /** Whether a value has its memory elsewhere already. */
  readonly isPlaced: (value: Value) => boolean
  /** Whether results take over operands' memory where their ops allow it. */
  readonly inPlace: boolean
}

interface ValuePlan {
  /** Where in the arena each value lies, in bytes. */
  readonly offsets: Map<Value, number>
  /** Prepared values that every run reads: they need memory of their own. */
  readonly kept: readonly Value[]
  readonly bytes: number
}

/**
 * Arena offsets of all values that are neither placed yet nor inputs. What only preparations need lies in the same
 * arena: they are over before a run begins.
 */
export function planValues(graph: Graph, lowered: Lowered, options: Options): ValuePlan {
  const run = shareStorage(graph, lowered, options)
  const { passing, kept } = preparedValues(lowered)
  const [runPlan, passingPlan] = [plan(run), plan(passing)]
  return {
    offsets: new Map([...runPlan.offsets, ...passingPlan.offsets]),
    kept,
    bytes: Math.max(runPlan.bytes, passingPlan.bytes),
  }
}

function plan(storageOf: ReadonlyMap<Value, Lifetime>) {
  const storages = [...new Set(storageOf.values())]
  const { offsets, bytes } = planArena(storages, alignment)
  const offsetOf = new Map(storages.map((storage, i) => [storage, offsets[i]!]))
  return { offsets: [...storageOf].map(([value, storage]) => [value, offsetOf.get(storage)!] as const), bytes }
}

interface Storage {
  bytes: number
  begin: number
  end: number
}

/** The memory of each value of a run, with its lifetime in nodes; results take over operands' where they may. */
function shareStorage(graph: Graph, lowered: Lowered, { outputs, isPlaced, inPlace }: Options): Map<Value, Storage> {
  const lastRead = new Map<Value, number>()
  for (const [i, node] of graph.nodes.entries()) for (const value of flatten(node.inputs)) lastRead.set(value, i)
  for (const value of outputs) lastRead.set(value, graph.nodes.length)
  const storageOf = new Map<Value, Storage>()
  for (const [i, node] of graph.nodes.entries()) {
    if (isInput(node.op) || lowered.liveness.isPrepared(node)) continue
    for (const [port, value] of Object.entries(node.outputs)) {
      if (isPlaced(value)) continue
      const end = lastRead.get(value) ?? i
      const bytes = lowered.bytes.get(value)!
      const demanded = lowered.overwrites.get(value)
      const offered = inPlace ? flatten({ port: node.inputs[String(node.op.inPlace?.[port] ?? '')] })[0] : undefined
      const operand = demanded ?? offered
      const heir = operand && storageOf.get(operand)
      const fits =
        heir?.end === i && heir.bytes === bytes && lowered.layouts.get(operand!) === lowered.layouts.get(value)
      if (demanded && !fits) throw new Error(`${node.scope}: ${node.op.name}: the memory to be added to is not free`)
      if (fits) {
        heir.end = end
        storageOf.set(value, heir)
      } else storageOf.set(value, { bytes, begin: i, end })
    }
  }
  return storageOf
}

/** Values computed before the first run: those that runs read, and those that only other preparations do. */
function preparedValues({ steps, preparations, liveness, bytes }: Lowered) {
  const read = new Set(steps.flatMap(step => step.launches.flatMap(launch => valuesOf(step, launch))))
  const passing = new Map<Value, Storage>()
  const kept: Value[] = []
  for (const [i, { node }] of preparations.entries()) {
    for (const value of flatten(node.inputs)) {
      const storage = passing.get(value)
      if (storage) storage.end = i
    }
    if (!liveness.isPrepared(node)) continue
    for (const value of Object.values(node.outputs))
      if (read.has(value)) kept.push(value)
      else passing.set(value, { bytes: bytes.get(value)!, begin: i, end: i })
  }
  return { passing, kept }
}

/** What a launch may touch: known of primitives, and of others whatever their node reads. */
const valuesOf = ({ node }: Step, launch: Launch): Value[] =>
  launch.kind === 'primitive'
    ? launch.args.flatMap(([, , place]) => (place.kind === 'value' ? [place.value] : []))
    : flatten(node.inputs)
