import type { Graph, Value } from '../op.js'
import { absorbRelu } from './absorbRelu.js'
import { foldBatchNorm } from './foldBatchNorm.js'
import { foldScale } from './foldScale.js'
import { fuseResidual } from './fuseResidual.js'
import { mergeSiblings } from './mergeSiblings.js'
import { overlapExchange } from './overlapExchange.js'
import {
  type FinishingPass,
  type ForwardPass,
  finishingPasses,
  forwardPasses,
  type Passes,
  type PassName,
} from './pass-names.js'
import { removeDead } from './removeDead.js'

type Pass = (graph: Graph, keep: readonly Value[]) => (value: Value) => Value

type Stage<Name extends PassName> = Readonly<Record<Name, Pass>>

const forward: Stage<ForwardPass> = { 'absorb-relu': absorbRelu }

const finishing: Stage<FinishingPass> = {
  'fold-norm': foldBatchNorm,
  'merge-siblings': mergeSiblings,
  'fuse-residual': fuseResidual,
  'fold-scale': foldScale,
  'overlap-exchange': overlapExchange,
}

/** Optimises a forward graph before gradients are taken. Returns the map from its old values to the new. */
export const optimiseForward = (graph: Graph, keep: readonly Value[], passes: Passes): ((value: Value) => Value) =>
  run(forwardPasses, forward, graph, keep, passes)

/** Optimises a graph that is ready to be compiled, and drops what nobody of `keep` needs. */
export function optimise(graph: Graph, keep: readonly Value[], passes: Passes): (value: Value) => Value {
  removeDead(graph, keep)
  return run(finishingPasses, finishing, graph, keep, passes)
}

/** Optimises a forward graph that is not trained, and returns what has become of `result`, all that is wanted of it. */
export const optimiseInference = (graph: Graph, result: Value, passes: Passes): Value =>
  optimiseOutputs(graph, [result], passes)[0]!

/** As {@link optimiseInference}, where several values are wanted. */
export function optimiseOutputs(graph: Graph, results: readonly Value[], passes: Passes): Value[] {
  const absorbed = results.map(optimiseForward(graph, results, passes))
  return absorbed.map(optimise(graph, absorbed, passes))
}

function run<Name extends PassName>(
  names: readonly Name[],
  stage: Stage<Name>,
  graph: Graph,
  keep: readonly Value[],
  passes: Passes,
) {
  const steps: ((value: Value) => Value)[] = []
  const renamed = (value: Value) => steps.reduce((now, step) => step(now), value)
  for (const name of names) if (passes.has(name)) steps.push(stage[name](graph, keep.map(renamed)))
  return renamed
}
