import { flatten, type Graph, type Value } from '../../graph/op.js'
import { inputOp } from '../../graph/ops/source.js'
import { planArena } from '../plan.js'
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

/** A value's memory, and where in it the value begins, in bytes. */
interface Slot {
  readonly storage: Storage
  readonly offset: number
}

function plan(slots: ReadonlyMap<Value, Slot>) {
  const storages = [...new Set([...slots.values()].map(({ storage }) => storage))]
  const { offsets, bytes } = planArena(storages, alignment)
  const offsetOf = new Map(storages.map((storage, i) => [storage, offsets[i]!]))
  const placed = [...slots].map(([value, { storage, offset }]) => [value, offsetOf.get(storage)! + offset] as const)
  return { offsets: placed, bytes }
}

interface Storage {
  bytes: number
  begin: number
  end: number
}

/** The memory of each value of a run, with its lifetime in nodes; results take over operands' where they may. */
function shareStorage(graph: Graph, lowered: Lowered, { outputs, isPlaced, inPlace }: Options): Map<Value, Slot> {
  const { overlay, overwrites, layouts } = lowered
  const lastRead = new Map<Value, number>()
  for (const [i, node] of graph.nodes.entries()) for (const value of flatten(node.inputs)) lastRead.set(value, i)
  for (const value of outputs) lastRead.set(value, graph.nodes.length)
  const slots = new Map<Value, Slot>()
  /** Memory of values that have none of their own, by the value that has. */
  const wholes = new Map<Value, Storage>()
  /** Whether a result of node `i` may take over a value's memory; where that is all of a whole, its parts' too. */
  const isFree = (value: Value, bytes: number, i: number): boolean => {
    const storage = slots.get(value)?.storage
    const isOver = storage !== undefined && (storage.bytes !== bytes || storage.end === i)
    return isOver && lastRead.get(value) === i && lowered.bytes.get(value) === bytes
  }
  for (const [i, node] of graph.nodes.entries()) {
    if (isInput(node.op) || lowered.liveness.isPrepared(node)) continue
    for (const [port, value] of Object.entries(node.outputs)) {
      if (isPlaced(value)) continue
      const end = lastRead.get(value) ?? i
      const bytes = lowered.bytes.get(value)!
      const { root, offset } = overlay.rootOf(value)
      const demanded = overwrites.get(value)
      if (demanded && !isFree(demanded, bytes, i))
        throw new Error(`${node.scope}: ${node.op.name}: the memory to be added to is not free`)
      const offered = inPlace ? flatten({ port: node.inputs[String(node.op.inPlace?.[port] ?? '')] })[0] : undefined
      const heir = offered && slots.get(offered)?.storage
      const fits = heir?.end === i && heir.bytes === bytes && layouts.get(offered!) === layouts.get(value)
      const own = root === value && fits ? heir : { bytes: lowered.bytes.get(root)!, begin: i, end }
      const storage = wholes.get(root) ?? own
      storage.end = Math.max(storage.end, end)
      if (overlay.isShared(root)) wholes.set(root, storage)
      slots.set(value, { storage, offset })
    }
  }
  return slots
}

/** Values computed before the first run: those that runs read, and those that only other preparations do. */
function preparedValues({ steps, preparations, liveness, bytes }: Lowered) {
  const read = new Set(steps.flatMap(step => step.launches.flatMap(launch => valuesOf(step, launch))))
  const passing = new Map<Value, Slot>()
  const kept: Value[] = []
  for (const [i, { node }] of preparations.entries()) {
    for (const value of flatten(node.inputs)) {
      const slot = passing.get(value)
      if (slot) slot.storage.end = i
    }
    if (!liveness.isPrepared(node)) continue
    for (const value of Object.values(node.outputs))
      if (read.has(value)) kept.push(value)
      else passing.set(value, { storage: { bytes: bytes.get(value)!, begin: i, end: i }, offset: 0 })
  }
  return { passing, kept }
}

/** What a launch may touch: known of primitives, and of others whatever their node reads. */
const valuesOf = ({ node }: Step, launch: Launch): Value[] =>
  launch.kind === 'primitive'
    ? launch.args.flatMap(([, , place]) => (place.kind === 'value' ? [place.value] : []))
    : flatten(node.inputs)
