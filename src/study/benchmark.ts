import { performance } from 'node:perf_hooks'
import type { Backend, Precision, Program } from '../backends/backend.js'
import { RandomStream } from '../base/random.js'
import { optimiseInference } from '../graph/passes/passes.js'
import { type ModelSpec, modelOptions, networkOf } from '../networks/model-spec.js'
import { buildModel } from '../nn/model.js'
import { paperRecipe } from '../training/recipe.js'
import { buildTrainingStep } from '../training/step.js'

export interface Benchmark {
  readonly work: 'train' | 'infer'
  readonly network: string
  readonly size: number
  readonly width: number
  readonly batch: number
  readonly precision: Precision
  readonly backend: string
  readonly runs: number
  readonly compileSeconds: number
  /** Milliseconds a run (a step, or a batch's inference): least, median, most. */
  readonly milliseconds: { readonly min: number; readonly median: number; readonly max: number }
  /** By the median. */
  readonly imagesPerSecond: number
  readonly peakMemoryBytes: number
}

export interface BenchmarkOptions {
  readonly spec: ModelSpec
  readonly batch: number
  readonly backend: Backend
  readonly precision: Precision
  /** Train with less memory and more time. @default false */
  readonly recompute?: boolean | undefined
  readonly warmup: number
  readonly runs: number
}

/** Times training steps (forward, backward, RMSProp with momentum and running average) or inference, on random images. */
export function benchmark(
  work: Benchmark['work'],
  options: BenchmarkOptions,
): Benchmark & { readonly program: Program } {
  const { spec, batch, backend, precision, warmup, runs } = options
  const begin = performance.now()
  const program = work === 'train' ? trainingProgram(options) : inferenceProgram(options)
  const compileSeconds = (performance.now() - begin) / 1000
  const random = new RandomStream(1, 'benchmark')
  const images = program.input('images')
  for (let i = 0; i < images.length; i++) images[i] = random.uniform(-1, 1)
  for (let i = 0; i < warmup; i++) program.run()
  const times = Array.from({ length: runs }, () => {
    const start = performance.now()
    program.run()
    return performance.now() - start
  }).sort((a, b) => a - b)
  const median = (times[(runs - 1) >> 1]! + times[runs >> 1]!) / 2
  return {
    work,
    network: spec.network,
    size: spec.size,
    width: spec.width,
    batch,
    precision,
    backend: backend.title,
    runs,
    compileSeconds,
    milliseconds: { min: times[0]!, median, max: times.at(-1)! },
    imagesPerSecond: (1000 * batch) / median,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    program,
  }
}

function trainingProgram({ spec, batch, backend, precision, recompute }: BenchmarkOptions): Program {
  const step = buildTrainingStep(networkOf(spec), { ...paperRecipe, batch, precision }, modelOptions(spec), {
    passes: backend.passes,
    recompute,
  })
  const program = backend.compile(step.graph, { outputs: [step.loss], store: backend.createStore() })
  const labels = program.input('labels')
  for (let i = 0; i < labels.length; i++) labels[i] = i % spec.classes
  program.input('learningRate')[0] = 1e-4
  program.input('averageDecay')[0] = paperRecipe.averageDecay
  program.input('normDecay')[0] = paperRecipe.normDecay
  return program
}

function inferenceProgram({ spec, batch, backend, precision }: BenchmarkOptions): Program {
  const model = buildModel(networkOf(spec), { ...modelOptions(spec), mode: 'eval', batch, precision })
  const logits = optimiseInference(model.graph, model.logits, backend.passes)
  return backend.compile(model.graph, { outputs: [logits], store: backend.createStore() })
}
