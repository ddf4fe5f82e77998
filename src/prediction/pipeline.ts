import type { BackendName, Precision } from '../backends/backend.js'
import { choosePrecision, openBackend } from '../backends/open.js'
import { UserError, unknownChoice } from '../base/error.js'
import { labelOf } from '../data/imagenet-classes.js'
import { bestClasses } from '../evaluation/scores.js'
import { openCheckpoint } from '../training/open-checkpoint.js'
import { Classifier, manyAtOnce, type PredictOptions } from './classifier.js'
import { type ImageInput, nameOfInput } from './image-input.js'
import type { Prediction } from './view-means.js'

export interface PipelineOptions {
  /** @default 'auto': bf16 where the processor multiplies it, else f32 */
  readonly precision?: Precision | 'auto'
  /** Threads to compute with; the first use of oneDNN in a process decides. @default the cores there are */
  readonly threads?: number
  /** @default 'auto': oneDNN, or the reference with a warning */
  readonly backend?: BackendName
  /** Hears of what does not stop the work. @default console.warn */
  readonly warn?: (message: string) => void
}

/** A class and its probability. */
export interface Label {
  /** What people call it: ImageNet's words for a WNID, else the class's own name. */
  readonly label: string
  readonly score: number
}

export interface ClassifyOptions extends PredictOptions {
  /** How many classes to give, best first. @default 5 */
  readonly topK?: number
}

/** Takes one image, or several at once. */
export interface PerImage<Options, Result> {
  (image: ImageInput, options?: Options): Promise<Result>
  (images: readonly ImageInput[], options?: Options): Promise<Result[]>
}

/** What can be done with an image. */
export interface PipelineTasks {
  /** Its best classes. */
  'image-classification': PerImage<ClassifyOptions, Label[]>
  /** What the network's last layer classifies: the mean of each channel of the last feature map. */
  'image-feature-extraction': PerImage<PredictOptions, Float32Array>
}

export type Pipeline<Task extends keyof PipelineTasks> = PipelineTasks[Task] & AsyncDisposable

/**
 * Opens a checkpoint (a file, or the folder of a run) for a task:
 *
 *     const classify = await pipeline('image-classification', 'runs/one')
 *     const [{ label, score }] = await classify('cat.jpg')
 *
 * The network is compiled once, for single images and for several. Nothing has to be disposed: memory is given back once
 * the function is no longer reachable, and the process can end meanwhile; `await using` gives it back at once.
 * Errors: UserError where the checkpoint cannot be used, an image is bad (it is named), or an option is wrong.
 */
export async function pipeline<Task extends keyof PipelineTasks>(
  task: Task,
  checkpoint: string,
  options: PipelineOptions = {},
): Promise<Pipeline<Task>> {
  if (!Object.hasOwn(tasks, task)) throw unknownChoice('task', task, Object.keys(tasks))
  const { warn = console.warn, backend: name = 'auto', precision = 'auto', threads } = options
  using opened = openCheckpoint(checkpoint, warn)
  const backend = openBackend(name, warn, { threads, notify: warn })
  const classifier = new Classifier(opened, { backend, precision: choosePrecision(backend, precision) })
  try {
    const run = Object.assign(tasks[task](classifier), {
      [Symbol.asyncDispose]: async () => classifier[Symbol.dispose](),
    })
    abandoned.register(run, classifier)
    return run
  } catch (error) {
    classifier[Symbol.dispose]()
    throw error
  }
}

/** Pipelines that nobody holds any more. Calls under way end first: the classifier waits for them. */
const abandoned = new FinalizationRegistry<Classifier>(classifier => classifier[Symbol.dispose]())

const tasks: { readonly [Task in keyof PipelineTasks]: (classifier: Classifier) => PipelineTasks[Task] } = {
  'image-classification': classifier => {
    if (!classifier.hasClasses)
      throw new UserError(
        `${classifier.model.network} gives embeddings and no classes: ask for 'image-feature-extraction'`,
      )
    return perImage(classifier, ({ topK = 5 }: ClassifyOptions) => {
      if (!Number.isSafeInteger(topK) || topK < 1)
        throw new UserError(`topK ${topK}: must be a whole number of at least 1`, 2)
      return prediction => labelsOf(prediction, classifier.state.classNames, topK)
    })
  },
  'image-feature-extraction': classifier =>
    perImage(
      classifier,
      () =>
        ({ features }) =>
          features,
    ),
}

const labelsOf = ({ probabilities }: Prediction, classNames: readonly string[], topK: number): Label[] =>
  bestClasses(probabilities, topK).map(place => ({ label: labelOf(classNames[place]!), score: probabilities[place]! }))

/** A function that gives what `taking`, told the options, takes from an image's prediction. */
function perImage<Options extends PredictOptions, Result>(
  classifier: Classifier,
  taking: (options: Options) => (prediction: Prediction) => Result,
): PerImage<Options, Result> {
  async function run(images: ImageInput | readonly ImageInput[], options = {} as Options): Promise<Result | Result[]> {
    const take = taking(options)
    const all = isList(images) ? images : [images]
    const taken: Result[] = []
    // Batches have one size, and an empty place in one takes as long as an image: the rest is computed one by one.
    const whole = all.length - (all.length % manyAtOnce)
    for (const [part, many] of [
      [all.slice(0, whole), true],
      [all.slice(whole), false],
    ] as const)
      for await (const outcome of classifier.predict(part, { ...options, many })) {
        const index = taken.length
        if ('reason' in outcome) throw new UserError(`bad image ${nameOfInput(all[index]!, index)}: ${outcome.reason}`)
        taken.push(take(outcome.prediction))
      }
    return isList(images) ? taken : taken[0]!
  }
  return run as PerImage<Options, Result>
}

const isList = (images: ImageInput | readonly ImageInput[]): images is readonly ImageInput[] => Array.isArray(images)
