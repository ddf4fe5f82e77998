import type { Backend, Program, Store } from '../backends/backend.js'
import { UserError } from '../base/error.js'
import { RandomStream } from '../base/random.js'
import { type Shape, sizeOf } from '../base/shape.js'
import { ReplicaLost } from '../communication/communicator.js'
import { mixes } from '../data/augmentation.js'
import type { ImageSet } from '../data/class-folder.js'
import type { CacheMemory } from '../data/image-cache.js'
import type { BadImageNote } from '../data/loader.js'
import { mixImages } from '../data/mix.js'
import { digestOfSet } from '../data/set-digest.js'
import type { FileCalls } from '../formats/atomic-file.js'
import { variablesIn } from '../graph/ops/source.js'
import type { Recomputation } from '../graph/passes/recompute.js'
import { feedImages } from '../networks/feed.js'
import { networkOf } from '../networks/model-spec.js'
import { averageOf } from '../optim/average.js'
import { type Checkpoint, writeCheckpoint } from './checkpoint.js'
import { type CheckpointState, decodeState, encodeState, restore, storeTensors } from './checkpoint-state.js'
import { Clock } from './clock.js'
import type { CheckpointEvent, EvaluationEvent, TrainingEvent } from './events.js'
import { expectScopes, type FineTuning, openOrigin, sourceOf, takeOver } from './fine-tuning.js'
import { notFinite } from './not-finite.js'
import { phaseAt, phasesOf } from './phases.js'
import { learningRateOf } from './recipe.js'
import { expectAlike } from './replicas/divergence.js'
import { Replicas } from './replicas/replicas.js'
import { RollCall } from './replicas/roll-call.js'
import { feedScalars } from './scalars.js'
import { Stage, Stages, stepOf, weightsOf } from './stage.js'
import { type TrainingImages, trainingLoader } from './training-loader.js'
import { isSilent } from './watch.js'

export interface TrainingPlan extends TrainingImages {
  readonly backend: Backend
  /** Processes that decode. @default the loader's own choice */
  readonly workers?: number | undefined
  /** Decoded images to share with other loaders of the same set. */
  readonly cache?: CacheMemory | undefined
  /** What is computed twice to save memory. @default 'auto' */
  readonly recompute?: Recomputation
  /** Where checkpoints go. */
  readonly checkpoints: string
  /** The calls of the system that writing one takes. @default its own */
  readonly calls?: FileCalls
  /** How many to keep. @default 3 */
  readonly keep?: number
  /** Steps between checkpoints; one is written at the end of every evaluated epoch in any case. @default 1000 */
  readonly checkpointSteps?: number
  /** The checkpoint to go on from. */
  readonly resume?: Checkpoint | undefined
  /** Whose weights the run begins with, and what of them is trained. @default first values of its own, all trained */
  readonly fineTuning?: FineTuning | undefined
  /** Epochs between evaluations. @default 1 */
  readonly evaluateEpochs?: number
  /** Steps between looks at the network's blocks; 0 for none. @default 50 */
  readonly watchSteps?: number
  /** Ends the run after so many steps, wherever in the epochs that is. @default all the recipe's epochs */
  readonly steps?: number | undefined
  /** Stops after the step in flight, or in the middle of an evaluation, with a checkpoint. */
  readonly signal?: AbortSignal | undefined
  /** The command that continues the run, for the message of an interruption. */
  readonly resumeCommand: string
  /** The processes that train together, each of which runs this. @default this one by itself */
  readonly replicas?: Replicas | undefined
  /** Steps between comparisons of the replicas' variables, which every checkpoint compares too; 0 for none. @default 100 */
  readonly checkSteps?: number | undefined
}

/**
 * Measures the running averages in the store on the validation set, and names the images it could not read. Where any
 * replica was asked to stop meanwhile, it throws an error named AbortError, on all.
 */
export type Evaluate = () => Promise<{
  readonly result: Omit<EvaluationEvent, 'type' | 'epoch' | 'step' | 'badImages'>
  readonly bad: readonly BadImageNote[]
}>

const secondsBetweenReports = 1

/**
 * Trains a network, yielding what happens. The course is a pure function of the plan: a run that is stopped anywhere
 * and resumed ends with the same bits as one that is not (on one machine, with one number of threads).
 * Of several replicas each runs this and yields the same; the first writes the checkpoints.
 * Errors: UserError for a loss that is not finite, naming step and layer; for bad images, after a checkpoint of the last
 * whole step; for a disk that refuses; for images that are not those the checkpoint to go on from was trained on.
 */
export async function* train(
  plan: TrainingPlan,
  evaluate?: (store: Store) => Evaluate,
): AsyncGenerator<TrainingEvent, void> {
  const { model, recipe, backend, images, resume, fineTuning, watchSteps = 50, checkSteps = 100 } = plan
  const { replicas = new Replicas() } = plan
  const network = networkOf(model)
  const { augmentation } = recipe
  const epochAt = (done: number) => (done * recipe.batch) / images.items.length
  const stepsIn = (epochs: number) => Math.ceil((epochs * images.items.length) / recipe.batch)
  const state = resume && decodeState(resume)
  const digest = digestOfSet(images, plan.boxes === 'data')
  if (resume && state) expectSameImages(resume, state, images, { epoch: epochAt(resume.step), digest })
  const firstStep = resume?.step ?? 0
  const phases = phasesOf(fineTuning, stepsIn)
  const options = { model, recipe, backend, recompute: plan.recompute, watchSteps, replicas }
  const firstPhase = phaseAt(phases, firstStep)
  const firstGraph = stepOf(firstPhase, options)
  const weights = weightsOf(model, recipe)
  if (fineTuning) expectScopes(fineTuning.freeze, weights, fineTuning.newClasses)
  using origin = fineTuning && !resume ? openOrigin(fineTuning) : undefined
  const { cache, workers } = plan
  await using loader = await trainingLoader(
    plan,
    { index: replicas.rank, of: replicas.size },
    { ...(workers !== undefined && { workers }), ...(cache && { cache }) },
  )
  // Decoding ahead while the program is compiled: from then on a small set costs no decoding at all.
  const decoded = loader.fillCache(replicas.worked)
  // What goes wrong with it is thrown where it is awaited; until then it is no unhandled rejection.
  decoded.catch(() => {})
  using store = backend.createStore()
  for (const variable of weights) store.declare(variable, recipe.seed)
  if (origin && fineTuning) takeOver(store, weights, origin, images, fineTuning)
  for (const variable of weights) store.declare(averageOf(variable), recipe.seed)
  if (resume) {
    // The optimiser's slots that the checkpoint holds are those of the phase whose step was the last.
    const last = phaseAt(phases, Math.max(0, firstStep - 1))
    for (const variable of variablesIn((last === firstPhase ? firstGraph : stepOf(last, options)).graph))
      store.declare(variable, recipe.seed)
    restore(store, resume)
  }
  using stages = new Stages(
    phases,
    phase => new Stage(phase, store, options, phase === firstPhase ? firstGraph : undefined),
  )
  const first = replicas.inTurn(() => stages.at(firstStep))
  const measure = evaluate?.(store)

  const steps = plan.steps ?? stepsIn(recipe.epochs)
  const parameters = elementsOf(weights.filter(({ role }) => role === 'parameter'))
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
    memoryBytes: memoryOf(first.program, store),
    ...(replicas.communicator && { replicas: replicas.size, carrier: replicas.communicator.title }),
  }

  const source = state ? state.source : origin && fineTuning && sourceOf(origin, fineTuning)
  let errors = state?.errors
  let silent = state?.silent ?? false
  const write = (done: number): string => {
    const contents: CheckpointState = {
      model,
      classNames: images.classes,
      images: digest,
      centralFraction: network.preprocessing.centralFraction,
      epoch: epochAt(done),
      ...(errors && { errors }),
      ...(silent && { silent }),
      ...(unevaluated && { unevaluated }),
      ...(source && { source }),
    }
    const checkpoint = { state: encodeState(contents), tensors: storeTensors(store) }
    return writeCheckpoint(plan.checkpoints, done, checkpoint, {
      keep: plan.keep ?? 3,
      progress: replicas.worked,
      ...(plan.calls && { calls: plan.calls }),
    })
  }
  const save = async (done: number): Promise<CheckpointEvent> => {
    if (checkSteps > 0) expectAlike(replicas, store, done)
    return { type: 'checkpoint', step: done, file: await replicas.fromFirst(() => write(done)) }
  }

  const told = new Set<string>()
  function* newlyBad(notes: readonly BadImageNote[]): Generator<TrainingEvent, void> {
    for (const { path, reason } of notes)
      if (!told.has(path)) {
        told.add(path)
        yield { type: 'bad image', path, reason }
      }
  }

  const { evaluateEpochs = 1, checkpointSteps = 1000 } = plan
  /** Whether step number `done` passed the end of an epoch whose number is a multiple of `every`. */
  const ends = (done: number, every: number) => {
    const turn = (at: number) => Math.floor(epochAt(at) / every + 1e-9)
    return done === steps || turn(done) > turn(done - 1)
  }

  await decoded
  const clock = new Clock(recipe.batch, firstStep, steps)
  const rollCall = new RollCall(replicas)
  let last: CheckpointEvent | undefined
  let done = firstStep
  let saved = firstStep
  let unevaluated = measure !== undefined && state?.unevaluated === true
  // While images are read, of training or to evaluate, by this replica or by others, the state is that of the last whole
  // step.
  let reading = true
  /** Where it was stopped, it is `unevaluated` still. */
  async function* evaluateNow(measure: Evaluate): AsyncGenerator<TrainingEvent, void> {
    unevaluated = true
    const evaluation = await clock.pause(() => unlessStopped(measure))
    if (evaluation === undefined) return
    const { result, bad } = evaluation
    unevaluated = false
    errors = { top1: result.top1Error, top5: result.top5Error }
    yield { type: 'evaluation', epoch: epochAt(done), step: done, ...result, badImages: bad.length }
    yield* newlyBad(bad)
  }
  try {
    if (unevaluated && measure) {
      yield* evaluateNow(measure)
      if (unevaluated) {
        yield { type: 'interrupted', step: done, resumeCommand: plan.resumeCommand }
        return
      }
      reading = false
      yield (last = await clock.pause(async () => save(done)))
      reading = true
    }
    for await (const batch of loader.steps(firstStep, steps)) {
      clock.waited(loader.waitedSeconds)
      if (stages.changesAt(done)) {
        // From here on the store has what the next phase trains as well.
        reading = false
        await clock.pause(async () => replicas.inTurn(() => stages.at(done)))
      }
      const { step, program, lookout } = stages.at(done)
      if (fineTuning && phaseAt(phases, done).firstStep === done)
        yield {
          type: 'phase',
          step: done,
          parameters,
          trained: elementsOf(step.trained),
          memoryBytes: memoryOf(program, store),
        }
      const { stopping, slow } = rollCall.call(plan.signal?.aborted === true)
      reading = false
      if (replicas.size > 1) clock.communicated(rollCall.spentSeconds)
      const learningRate = learningRateOf(recipe, epochAt(done))
      if (augmentation && mixes(augmentation)) {
        // The same numbers on all replicas, whose images stand in pairs: together they mix the batch as one would.
        const mixed = mixImages(batch, model.size, augmentation, new RandomStream(recipe.seed, 'mix', done))
        program.input('others').set(mixed.others)
        program.input('shares').set(mixed.shares)
      }
      feedImages(batch.images, network.preprocessing, program.input('images') as Float32Array)
      program.input('labels').set(batch.labels)
      feedScalars(program, step, { done, learningRate, recipe })
      program.run()
      done++
      const loss = program.read(step.loss)[0]!
      const gradientNorm = program.read(step.norm)[0]!
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
        const failure = notFinite(done, loss, step, program, store)
        yield { type: 'diverged', step: done, message: failure.message }
        throw failure
      }
      clock.stepped(done)
      if (checkSteps > 0 && done % checkSteps === 0) expectAlike(replicas, store, done)

      // Not before the step: what is told may fail, and the others would wait in theirs.
      for (const message of slow) yield { type: 'warning', message }
      const epochEnds = ends(done, 1)
      const evaluationDue = measure !== undefined && ends(done, evaluateEpochs)
      // One replica looks for all: what they decide by must be the same.
      const sight = lookout.due(done)
        ? await clock.pause(async () => replicas.fromFirst(() => lookout.look(done, program, step)))
        : undefined
      const died = sight !== undefined && isSilent(sight) && silent
      if (sight) silent = isSilent(sight)
      // With every look comes the loss of its step, so that what is seen does not depend on the clock.
      if (clock.reportDue(secondsBetweenReports) || epochEnds || stopping || sight)
        yield { type: 'step', step: done, epoch: epochAt(done), loss, learningRate, gradientNorm, ...clock.report() }
      if (sight && lookout.tells(sight, steps)) yield sight
      if (evaluationDue) {
        reading = true
        yield* evaluateNow(measure)
        reading = false
      }
      const ending = stopping || unevaluated
      if (evaluationDue || done === steps || ending || died || done % checkpointSteps === 0) {
        // Before the checkpoint: a run that goes on from it keeps its log up to there.
        yield* newlyBad(replicas.gather(loader.bad).flat())
        yield (last = await clock.pause(async () => save(done)))
        saved = done
      }
      if (died) {
        yield { type: 'died', step: done, layer: sight.layer, file: last?.file ?? '' }
        return
      }
      if (ending && (done < steps || unevaluated)) {
        yield { type: 'interrupted', step: done, resumeCommand: plan.resumeCommand }
        return
      }
      // Signals are heard between steps: the engine itself does not return to the event loop.
      await new Promise(setImmediate)
      reading = true
    }
  } catch (error) {
    // Nothing is written in a step that waits for a lost replica either.
    if ((reading || error instanceof ReplicaLost) && replicas.isFirst && done > 0) {
      if (done > saved) yield { type: 'checkpoint', step: done, file: write(done) }
      yield { type: 'interrupted', step: done, resumeCommand: plan.resumeCommand }
    }
    throw error
  }
  const file = (last ?? resume)?.file ?? ''
  const { trainingSeconds: seconds, waitShare } = clock
  yield { type: 'done', step: steps, epoch: epochAt(steps), seconds, waitShare, file }
}

/** What the work gives; undefined where it ended because it was asked to. */
async function unlessStopped<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return undefined
    throw error
  }
}

/** Bytes of a program and its store. */
export function memoryOf({ memory }: Program, store: Store): number {
  return memory.arena + memory.constants + memory.beside + memory.inputs + 4 * elementsOf([...store.variables.values()])
}

const elementsOf = (tensors: readonly { readonly shape: Shape }[]): number =>
  tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0)

/** A checkpoint fixes which images come next, so going on with others would silently be another run. */
function expectSameImages(
  checkpoint: Checkpoint,
  saved: CheckpointState,
  images: ImageSet,
  { epoch, digest }: { readonly epoch: number; readonly digest: string },
): void {
  const { classNames, images: before = digest } = saved
  const moved = images.classes.findIndex((name, label) => name !== classNames[label])
  const now =
    moved >= 0 || classNames.length !== images.classes.length
      ? `has the classes ${images.classes.join(', ')} instead of ${classNames.join(', ')}`
      : saved.epoch !== epoch
        ? `has ${images.items.length} images, with which step ${checkpoint.step} would end at epoch ${epoch} instead of ${saved.epoch}`
        : digest !== before
          ? 'has images of other names, labels or boxes'
          : undefined
  if (now !== undefined)
    throw new UserError(
      `${images.root} is not what checkpoint ${checkpoint.file} was trained on: it ${now}; put the images back, or start a new run`,
    )
}
