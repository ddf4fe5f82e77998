import { Command } from 'commander'
import { choosePrecision, openBackend } from '../../backends/open.js'
import { formatBytes, formatCount, formatSi, formatTable } from '../../base/format.js'
import { formatShape, sizeOf } from '../../base/shape.js'
import { flatten, type Node, type Value } from '../../graph/op.js'
import { variableOf } from '../../graph/ops/source.js'
import { printGraph } from '../../graph/print.js'
import { modelOptions } from '../../networks/model-spec.js'
import { findNetwork } from '../../networks/networks.js'
import { summarise } from '../../networks/summary.js'
import { paperRecipe } from '../../training/recipe.js'
import { buildTrainingStep } from '../../training/step.js'
import { memoryOf } from '../../training/train.js'
import { wholeNumber } from '../arguments.js'
import { addModelOptions, type ModelFlags, modelSpec } from '../model-options.js'
import { warn } from '../warn.js'

interface Flags extends ModelFlags {
  classes: number
  batch: number
  json?: boolean
  graph?: boolean
  plan?: boolean
}

export const inspectCommand = (): Command =>
  addModelOptions(
    new Command('inspect')
      .description("a network's stages: shapes, parameters, multiply-adds; with --plan the memory of training it")
      .argument('<network>', 'see: inception networks'),
  )
    .option('--classes <n>', 'classes', wholeNumber(1), 1000)
    .option('--batch <n>', 'images a training step, for --plan', wholeNumber(1), 8)
    .option('--plan', 'compile a training step and show where its memory goes')
    .option('--graph', 'print the evaluation graph, a line a node')
    .option('--json', 'as JSON')
    .action((id: string, flags: Flags) => {
      const spec = modelSpec(findNetwork(id).id, flags.classes, flags)
      const { model, parameters, multiplyAdds } = summarise(spec)
      if (flags.graph) {
        console.log(printGraph(model.graph))
        return
      }
      const stages = stageRows(model)
      const plan = flags.plan ? trainingPlan(spec, flags.batch) : undefined
      if (flags.json) {
        console.log(JSON.stringify({ ...spec, parameters, multiplyAdds, stages, ...(plan && { plan }) }, undefined, 2))
        return
      }
      console.log(
        `${model.network.title} (${model.network.source}), ${spec.size}×${spec.size}, ${spec.classes} classes\n`,
      )
      const rows = stages.map(s => [s.stage, formatShape(s.shape), formatCount(s.parameters), formatSi(s.multiplyAdds)])
      rows.push(['total', '', formatCount(parameters), formatSi(multiplyAdds)])
      console.log(formatTable(['stage', 'shape', 'parameters', 'multiply-adds'], rows))
      if (plan) {
        console.log(`\nTraining at batch ${flags.batch} in ${plan.precision} on ${plan.backend}:`)
        const memory = [
          ['activations, gradients of activations, scratch', formatBytes(plan.arena)],
          ['parameters, their gradients, optimiser, averages', formatBytes(plan.variables)],
          ['together', formatBytes(plan.arena + plan.variables)],
        ]
        console.log(formatTable(['memory', 'bytes'], memory))
      }
    })

/** Named stages in order, each with the parameters and the work that are its own. */
function stageRows({ endpoints, graph }: ReturnType<typeof summarise>['model']) {
  const names = [...endpoints.keys()]
  const parents = (scope: string) => scope.split('.').map((_, depth, parts) => parts.slice(0, depth).join('.'))
  const wrappers = new Set(names.flatMap(parents))
  // A stage that only wraps others, like 'stem' around 'stem.conv_1a', would count them twice.
  const leaves = names.filter(name => !wrappers.has(name))
  const nodesOf = new Map(leaves.map(stage => [stage, [] as Node[]]))
  for (const node of graph.nodes)
    for (const scope of [node.scope, ...parents(node.scope)]) nodesOf.get(scope)?.push(node)
  return leaves.map(stage => {
    const nodes = nodesOf.get(stage)!
    const own = nodes.flatMap(node => flatten(node.outputs)).filter((v: Value) => variableOf(v)?.role === 'parameter')
    return {
      stage,
      shape: endpoints.get(stage)!.shape.slice(1),
      parameters: own.reduce((sum, value) => sum + sizeOf(value.shape), 0),
      multiplyAdds: nodes.reduce(
        (sum, { op, inputs, outputs, attrs }) => sum + op.cost(inputs, outputs, attrs).multiplyAdds,
        0,
      ),
    }
  })
}

function trainingPlan(spec: ReturnType<typeof modelSpec>, batch: number) {
  const backend = openBackend('auto', warn, { notify: warn })
  const precision = choosePrecision(backend, 'auto')
  const step = buildTrainingStep(findNetwork(spec.network), { ...paperRecipe, batch, precision }, modelOptions(spec), {
    passes: backend.passes,
  })
  const store = backend.createStore()
  const program = backend.compile(step.graph, { outputs: [step.loss], store })
  const arena = program.memory.arena + program.memory.constants
  return { backend: backend.title, precision, arena, variables: memoryOf(program, store) - arena }
}
