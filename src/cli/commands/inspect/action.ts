import { writeFileSync } from 'node:fs'
import { choosePrecision, openBackend } from '../../../backends/open.js'
import { UserError } from '../../../base/error.js'
import type { Json } from '../../../formats/json.js'
import { printGraph } from '../../../graph/print.js'
import type { ModelSpec } from '../../../networks/model-spec.js'
import { findNetwork } from '../../../networks/networks.js'
import { summarise } from '../../../networks/summary.js'
import { timelinesOf } from '../../../study/bench/timeline.js'
import { expectSame, factsOf } from '../../../training/replicas/agreement.js'
import type { Replicas } from '../../../training/replicas/replicas.js'
import { replicaThreads } from '../../../training/replicas/threads.js'
import { modelSpec } from '../../model-of-flags.js'
import { asReplica } from '../../replicas.js'
import type { Flags } from '../inspect.js'
import { memoryPlan, planTable } from './plan.js'
import { chromeTrace, describeExchanges, programTable } from './program.js'
import { stagesOf, stageTable } from './stages.js'

export const inspect = (id: string, flags: Flags): Promise<void> =>
  asReplica(flags.replicaTimeout, async ({ replicas, warn }) => {
    const text = describe(id, flags, replicas, warn)
    if (replicas.isFirst) console.log(text)
  })

type Tell = (message: string) => void

function describe(id: string, flags: Flags, replicas: Replicas, warn: Tell): string {
  const asked = JSON.stringify({ network: id, ...flags, passes: [...flags.passes] })
  expectSame(replicas, factsOf(JSON.parse(asked) as Json))
  const spec = modelSpec(findNetwork(id).id, flags.classes, flags)
  const summary = summarise(spec)
  const { model, parameters, multiplyAdds } = summary
  if (flags.graph) return printGraph(model.graph)
  const stages = stagesOf(model)
  const compiled = compile(spec, flags, replicas, warn)
  if (flags.json) {
    const { plan, kernels } = compiled ?? {}
    const all = { ...spec, parameters, multiplyAdds, stages, ...(plan && { plan }), ...(kernels && { kernels }) }
    return JSON.stringify(all, undefined, 2)
  }
  const columns = `${spec.classes} ${model.network.embedding === undefined ? 'classes' : 'numbers of an embedding'}`
  return [
    `${model.network.title} (${model.network.source}), ${spec.size}×${spec.size}, ${columns}`,
    stageTable(stages, summary),
    ...(compiled ? [planTable(compiled.plan)] : []),
    ...(compiled?.kernels ? [programTable(compiled.kernels)] : []),
    ...(compiled?.exchanges === undefined ? [] : [compiled.exchanges]),
  ].join('\n\n')
}

/** The program that was asked for, if any option asks for one, with its kernels where these are wanted. */
function compile(spec: ModelSpec, flags: Flags, replicas: Replicas, warn: Tell) {
  const { batch, train, program: list, trace, freeze } = flags
  if (batch === undefined && !train && !list && trace === undefined && freeze === undefined) return undefined
  const threads = replicaThreads(replicas, flags.threads, warn)
  const backend = openBackend(flags.backend, warn, { ...flags, threads, notify: warn })
  const precision = choosePrecision(backend, flags.precision)
  const options = { spec, batch: batch ?? 8, backend, precision, recompute: flags.recompute, freeze, replicas }
  const { plan, program } = replicas.inTurn(() => memoryPlan(train ? 'train' : 'infer', options))
  if (!list && trace === undefined) return { plan, kernels: undefined, exchanges: undefined }
  program.run()
  const timelines = timelinesOf(program, replicas)
  if (trace !== undefined && replicas.isFirst)
    write(trace, chromeTrace(timelines, `${spec.network}, ${plan.work}, batch ${plan.batch}`))
  return { plan, kernels: list ? timelines[0]!.kernels : undefined, exchanges: describeExchanges(timelines) }
}

function write(file: string, text: string) {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new UserError(`${file} cannot be written: ${(cause as Error).message}`, 1, { cause })
  }
}
