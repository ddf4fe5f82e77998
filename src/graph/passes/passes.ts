import type { Graph, Value } from '../op.js'
import { absorbRelu } from './absorbRelu.js'
import { foldBatchNorm } from './foldBatchNorm.js'
import { foldScale } from './foldScale.js'
import { fuseResidual } from './fuseResidual.js'
import { mergeSiblings } from './mergeSiblings.js'
import { overlapExchange } from './overlapExchange.js'
import { removeDead } from './removeDead.js'

type Pass = (graph: Graph, keep: readonly Value[]) => (value: Value) => Value

/** Passes over a forward graph, before gradients are taken. */
const forward = { 'absorb-relu': absorbRelu } satisfies Record<string, Pass>

/** Passes over a finished graph, inference or a whole training step, in the order in which they run. */
const finishing = {
  'fold-norm': foldBatchNorm,
  'merge-siblings': mergeSiblings,
  'fuse-residual': fuseResidual,
  'fold-scale': foldScale,
  'overlap-exchange': overlapExchange,
} satisfies Record<string, Pass>

/** What a backend does on its own: results take over operands' memory; kernels and layouts are chosen by measurement. */
const ofBackends = ['in-place', 'tune'] as const

export type PassName = keyof typeof forward | keyof typeof finishing | (typeof ofBackends)[number]

/** The optimisations that are on; none changes a result beyond rounding. */
export type Passes = ReadonlySet<PassName>

export const passNames = [...Object.keys(forward), ...Object.keys(finishing), ...ofBackends] as readonly PassName[]

export const allPasses: Passes = new Set(passNames)

/** Optimises a forward graph before gradients are taken. Returns the map from its old values to the new. */
export const optimiseForward = (graph: Graph, keep: readonly Value[], passes: Passes): ((value: Value) => Value) =>
  run(forward, graph, keep, passes)

/** Optimises a graph that is ready to be compiled, and drops what nobody of `keep` needs. */
export function optimise(graph: Graph, keep: readonly Value[], passes: Passes): (value: Value) => Value {
  removeDead(graph, keep)
  return run(finishing, graph, keep, passes)
}

/** Optimises a forward graph that is not trained, and returns what has become of `result`, all that is wanted of it. */
export const optimiseInference = (graph: Graph, result: Value, passes: Passes): Value =>
  optimiseOutputs(graph, [result], passes)[0]!

/** As {@link optimiseInference}, where several values are wanted. */
export function optimiseOutputs(graph: Graph, results: readonly Value[], passes: Passes): Value[] {
  const absorbed = results.map(optimiseForward(graph, results, passes))
  return absorbed.map(optimise(graph, absorbed, passes))
}

function run(stage: Readonly<Record<string, Pass>>, graph: Graph, keep: readonly Value[], passes: Passes) {
  const steps: ((value: Value) => Value)[] = []
  const renamed = (value: Value) => steps.reduce((now, step) => step(now), value)
  for (const [name, pass] of Object.entries(stage))
    if (passes.has(name as PassName)) steps.push(pass(graph, keep.map(renamed)))
  return renamed
}
