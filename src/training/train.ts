import { performance } from 'node:perf_hooks'
import type { Backend, Program, Store } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { sizeOf } from '../base/shape.js'
import type { ImageSet } from '../data/class-folder.js'
import type { CacheMemory } from '../data/image-cache.js'
import { Loader } from '../data/loader.js'
import { feedImages } from '../networks/feed.js'
import { type ModelSpec, modelOptions, networkOf } from '../networks/model-spec.js'
import { averageDecayAt } from '../optim/average.js'
import { learningRateAt } from '../optim/schedule.js'
import { type Checkpoint, writeCheckpoint } from './checkpoint.js'
import { type CheckpointState, encodeState, restore, storeTensors } from './checkpoint-state.js'
import type { EvaluationEvent, TrainingEvent } from './events.js'
import type { Recipe } from './recipe.js'
import { buildTrainingStep, type TrainingStep } from './step.js'

export interface TrainingPlan {
  readonly model: ModelSpec
  readonly recipe: Recipe
  readonly backend: Backend
  readonly images: ImageSet
  readonly badImages: 'error' | 'skip'
  /** Threads that decode. @default the loader's own choice */
  readonly workers?: number | undefined
  /** Decoded images to share with other loaders of the same set. */
  readonly cache?: CacheMemory | undefined
  /** Where checkpoints go. */
  readonly checkpoints: string
  /** How many to keep. @default 3 */
  readonly keep?: number
  /** Steps between checkpoints; one is written at the end of every evaluated epoch in any case. @default 1000 */
  readonly checkpointSteps?: number
  /** The checkpoint to go on from. */
  readonly resume?: Checkpoint | undefined
  /** Epochs between evaluations. @default 1 */
  readonly evaluateEpochs?: number
  /** Stops after the step in flight, with a checkpoint. */
  readonly signal?: AbortSignal | undefined
  /** The command that continues the run, for the message of an interruption. */
  readonly resumeCommand: string
}

/** Measures the running averages in the store on the validation set. */
export type Evaluate = (store: Store) => Promise<Omit<EvaluationEvent, 'type' | 'epoch' | 'step'>>

const secondsBetweenReports = 1

/**
 * Trains a network, yielding what happens. The course is a pure function of the plan: a run that is stopped anywhere
 * and resumed ends with the same bits as one that is not (on one machine, with one number of threads).
 * Errors: UserError for a loss that is not finite, naming step and layer; for bad images; for a disk that refuses.
 */
export async function* train(
  plan: TrainingPlan,
  evaluate?: (store: Store) => Evaluate,
): AsyncGenerator<TrainingEvent, void> {
  const { model, recipe, backend, images, resume } = plan
  const network = networkOf(model)
  const step = buildTrainingStep(network, recipe, modelOptions(model))
  await using loader = new Loader(images, {
    batch: recipe.batch,
    preprocessing: { kind: 'train', size: model.size, colour: recipe.colour },
    seed: recipe.seed,
    badImages: plan.badImages,
    ...(plan.workers !== undefined && { workers: plan.workers }),
    ...(plan.cache && { cache: plan.cache }),
  })
  // Decoding ahead while the program is compiled: from then on a small set costs no decoding at all.
  const decoded = loader.fillCache()
  const store = backend.createStore()
  const program = backend.compile(step.graph, { outputs: [step.loss, step.norms, step.norm], store, seed: recipe.seed })
  if (resume) restore(store, resume)
  const measure = evaluate?.(store)

  const steps = Math.ceil((recipe.epochs * images.items.length) / recipe.batch)
  const firstStep = resume?.step ?? 0
  const epochAt = (done: number) => (done * recipe.batch) / images.items.length
  const parameters = step.model.parameters.reduce((sum, value) => sum + sizeOf(value.shape), 0)
  yield {
    type: 'start',
    network: model.network,
    classes: model.classes,
    parameters,
    batch: recipe.batch,
    epochs: recipe.epochs,
    steps,
    images: images.items.length,
    firstStep,
    memoryBytes: memoryOf(program, store),
  }

  let errors: CheckpointState['errors']
  const save = (done: number): TrainingEvent => {
    const state: CheckpointState = {
      model,
      classNames: images.classes,
      centralFraction: network.preprocessing.centralFraction,
      epoch: epochAt(done),
      ...(errors && { errors }),
    }
    const contents = { state: encodeState(state), tensors: storeTensors(store) }
    return {
      type: 'checkpoint',
      step: done,
      file: writeCheckpoint(plan.checkpoints, done, contents, { keep: plan.keep ?? 3 }),
    }
  }

  await decoded
  const clock = new Clock(recipe.batch, firstStep, steps)
  let last: TrainingEvent | undefined
  let done = firstStep
  for await (const batch of loader.steps(firstStep, steps)) {
    clock.waited(loader.waitedSeconds)
    const learningRate = learningRateAt(
      { ...recipe, factor: recipe.learningRateFactor, everyEpochs: recipe.learningRateEpochs },
      epochAt(done),
    )
    feedImages(batch.images, network.preprocessing, program.input('images') as Float32Array)
    program.input('labels').set(batch.labels)
    feedScalars(program, step, done, learningRate, recipe)
    program.run()
    done++
    const loss = program.read(step.loss)[0]!
    const gradientNorm = program.read(step.norm)[0]!
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw notFinite(done, loss, step, program)
    clock.stepped(done)

    const epochEnds = Math.floor(epochAt(done) + 1e-9) > Math.floor(epochAt(done - 1) + 1e-9) || done === steps
    const evaluationDue =
      epochEnds && measure && (Math.round(epochAt(done)) % (plan.evaluateEpochs ?? 1) === 0 || done === steps)
    const stopping = plan.signal?.aborted === true
    if (clock.reportDue(secondsBetweenReports) || epochEnds || stopping)
      yield { type: 'step', step: done, epoch: epochAt(done), loss, learningRate, gradientNorm, ...clock.report() }
    if (evaluationDue) {
      const result = await clock.pause(() => measure(store))
      errors = { top1: result.top1Error, top5: result.top5Error }
      yield { type: 'evaluation', epoch: epochAt(done), step: done, ...result }
    }
    if (evaluationDue || done === steps || stopping || done % (plan.checkpointSteps ?? 1000) === 0)
      yield (last = await clock.pause(async () => save(done)))
    if (stopping && done < steps) {
      yield { type: 'interrupted', step: done, resumeCommand: plan.resumeCommand }
      return
    }
    // Signals are heard between steps: the engine itself does not return to the event loop.
    await new Promise(setImmediate)
  }
  for (const { path, reason } of loader.bad) yield { type: 'warning', message: `bad image ${path}: ${reason}` }
  const file = last?.type === 'checkpoint' ? last.file : (resume?.file ?? '')
  yield { type: 'done', step: steps, epoch: epochAt(steps), seconds: clock.trainingSeconds, file }
}

/** Bytes of a program and its store. */
export function memoryOf({ memory }: Program, store: Store): number {
  const variables = [...store.variables.values()].reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0)
  return memory.arena + memory.constants + memory.beside + variables
}

function feedScalars(program: Program, step: TrainingStep, done: number, learningRate: number, recipe: Recipe) {
  program.input('learningRate')[0] = learningRate
  program.input('averageDecay')[0] = averageDecayAt(recipe.averageDecay, done)
  program.input('normDecay')[0] = recipe.normDecay
  if (step.usesStepNumber) program.input('step')[0] = done
}

/** Names the step and the layer: the parameter whose gradient is not finite, nearest the input. */
function notFinite(done: number, loss: number, step: TrainingStep, program: Program): UserError {
  const norms = program.read(step.norms)
  const first = norms.findIndex(norm => !Number.isFinite(norm))
  const where =
    first < 0 ? 'no single layer' : `the gradient of '${step.parameterNames[first]}' is the first that is not`
  return new UserError(
    `step ${done}: the loss is ${loss} and no longer a finite number (${where}): lower the learning rate, or go back to a checkpoint; what was saved is intact`,
  )
}

/** Measures training time, leaving evaluation and saving out. */
class Clock {
  readonly #batch: number
  readonly #steps: number
  #begin = performance.now()
  #reported = { time: performance.now(), step: 0, waited: 0 }
  #waited = 0
  #paused = 0
  #step: number
  readonly #first: number

  constructor(batch: number, first: number, steps: number) {
    this.#batch = batch
    this.#steps = steps
    this.#first = first
    this.#step = first
    this.#reported.step = first
  }

  waited(seconds: number) {
    this.#waited = seconds
  }

  stepped(step: number) {
    this.#step = step
  }

  get trainingSeconds() {
    return (performance.now() - this.#begin - this.#paused) / 1000
  }

  reportDue(seconds: number) {
    return performance.now() - this.#reported.time > 1000 * seconds
  }

  /** Runs something that is not training. */
  async pause<T>(work: () => Promise<T>): Promise<T> {
    const begin = performance.now()
    const result = await work()
    const spent = performance.now() - begin
    this.#paused += spent
    this.#reported.time += spent
    return result
  }

  report() {
    const now = performance.now()
    const seconds = Math.max(1e-9, (now - this.#reported.time) / 1000)
    const imagesPerSecond = ((this.#step - this.#reported.step) * this.#batch) / seconds
    const waitShare = Math.min(1, Math.max(0, (this.#waited - this.#reported.waited) / seconds))
    this.#reported = { time: now, step: this.#step, waited: this.#waited }
    const perStep = this.trainingSeconds / Math.max(1, this.#step - this.#first)
    return { imagesPerSecond, waitShare, secondsLeft: perStep * (this.#steps - this.#step) }
  }
}
