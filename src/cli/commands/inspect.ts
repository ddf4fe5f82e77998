import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import type { Precision } from '../../backends/backend.js'
import { type BackendName, choosePrecision, openBackend } from '../../backends/open.js'
import { UserError } from '../../base/error.js'
import type { Passes } from '../../graph/passes/passes.js'
import type { Recomputation } from '../../graph/passes/recompute.js'
import { printGraph } from '../../graph/print.js'
import { findNetwork } from '../../networks/networks.js'
import { summarise } from '../../networks/summary.js'
import { wholeNumber } from '../arguments.js'
import {
  backendOption,
  freezeOption,
  passesOption,
  precisionOption,
  recomputeOption,
  threadsOption,
} from '../engine-options.js'
import { addModelOptions, classesOption, type ModelFlags, modelSpec } from '../model-options.js'
import { warn } from '../warn.js'
import { memoryPlan, planTable } from './inspect/plan.js'
import { chromeTrace, programTable } from './inspect/program.js'
import { stagesOf, stageTable } from './inspect/stages.js'

interface Flags extends ModelFlags {
  classes?: number
  batch?: number
  train?: boolean
  program?: boolean
  trace?: string
  recompute: Recomputation
  freeze?: string[]
  precision: Precision | 'auto'
  threads?: number
  backend: BackendName
  passes: Passes
  graph?: boolean
  json?: boolean
}

export const inspectCommand = (): Command =>
  addModelOptions(
    new Command('inspect')
      .description("a network's stages: shapes, parameters, multiply-adds; its memory, kernels and times")
      .argument('<network>', 'see: inception networks'),
  )
    .addOption(classesOption())
    .option('--batch <n>', 'show where the memory goes with so many images at a time', wholeNumber(1))
    .option('--train', 'of a training step rather than of inference')
    .addOption(recomputeOption())
    .addOption(freezeOption())
    .option('--program', 'run once and list every kernel: implementation, layout, bytes, time')
    .option('--trace <file>', 'run once and write a trace for chrome://tracing')
    .addOption(precisionOption())
    .addOption(threadsOption())
    .addOption(backendOption())
    .addOption(passesOption())
    .option('--graph', 'print the evaluation graph, a line a node')
    .option('--json', 'as JSON')
    .action((id: string, flags: Flags) => {
      const spec = modelSpec(findNetwork(id).id, flags.classes, flags)
      const summary = summarise(spec)
      const { model, parameters, multiplyAdds } = summary
      if (flags.graph) {
        console.log(printGraph(model.graph))
        return
      }
      const stages = stagesOf(model)
      const compiled = compile(spec, flags)
      if (flags.json) {
        const { plan, kernels } = compiled ?? {}
        const all = { ...spec, parameters, multiplyAdds, stages, ...(plan && { plan }), ...(kernels && { kernels }) }
        console.log(JSON.stringify(all, undefined, 2))
        return
      }
      console.log(
        `${model.network.title} (${model.network.source}), ${spec.size}×${spec.size}, ${spec.classes} ${model.network.embedding === undefined ? 'classes' : 'numbers of an embedding'}\n`,
      )
      console.log(stageTable(stages, summary))
      if (compiled) console.log(`\n${planTable(compiled.plan)}`)
      if (compiled?.kernels) console.log(`\n${programTable(compiled.kernels)}`)
    })

/** The program that was asked for, if any option asks for one, with its kernels where these are wanted. */
function compile(spec: ReturnType<typeof modelSpec>, flags: Flags) {
  const { batch, train, program: list, trace, freeze } = flags
  if (batch === undefined && !train && !list && trace === undefined && freeze === undefined) return undefined
  const backend = openBackend(flags.backend, warn, { ...flags, notify: warn })
  const precision = choosePrecision(backend, flags.precision)
  const options = { spec, batch: batch ?? 8, backend, precision, recompute: flags.recompute, freeze }
  const { plan, program } = memoryPlan(train ? 'train' : 'infer', options)
  if (!list && trace === undefined) return { plan, kernels: undefined }
  program.run()
  const kernels = program.profile()
  if (trace !== undefined) write(trace, chromeTrace(kernels, `${spec.network}, ${plan.work}, batch ${plan.batch}`))
  return { plan, kernels: list ? kernels : undefined }
}

function write(file: string, text: string) {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new UserError(`${file} cannot be written: ${(cause as Error).message}`, 1, { cause })
  }
}
