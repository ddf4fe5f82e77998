import { choosePrecision, openBackend } from '../../../backends/open.js'
import { UserError } from '../../../base/error.js'
import { formatCount } from '../../../base/format.js'
import { labelOf } from '../../../data/imagenet-classes.js'
import { badImageError } from '../../../data/loader.js'
import { bestClasses } from '../../../evaluation/scores.js'
import { expectNpyPlace, NpyFile } from '../../../formats/npy.js'
import { Classifier, type Look } from '../../../prediction/classifier.js'
import type { Prediction } from '../../../prediction/view-means.js'
import { openCheckpoint } from '../../../training/open-checkpoint.js'
import { interruptSignal } from '../../interrupt.js'
import { makeFolder } from '../../output-places.js'
import { outliveReader } from '../../standard-output.js'
import { warn } from '../../warn.js'
import type { Flags } from '../predict.js'
import { HeatMaps, placeOfClass } from './heat-maps.js'
import { type NamedImage, type NamedImages, namedImages } from './inputs.js'
import { type Printing, printings, type RankedClass } from './printing.js'

export async function predictImages(words: string[], flags: Flags): Promise<void> {
  expectSense(flags)
  if (flags.embed !== undefined) expectNpyPlace(flags.embed)
  const signal = interruptSignal('stopping')
  const images = await namedImages(words, signal)
  using classifier = open(flags, images)
  if (!classifier.hasClasses) expectOnlyFeatures(classifier, flags)
  const { explain: folder, class: name } = flags
  const explained = name === undefined ? undefined : placeOfClass(name, classifier.state.classNames)
  if (folder !== undefined) makeFolder(folder)
  if (folder !== undefined || flags.embed !== undefined) outliveReader()
  using features = flags.embed === undefined ? undefined : new NpyFile(flags.embed)
  using heatMaps = folder === undefined ? undefined : new HeatMaps(classifier, folder)
  await predict(classifier, images, { flags, features, heatMaps, explained, signal })
}

/** From so many images on it is worth the seconds that measuring kernels takes. */
const worthTuning = 64

function expectSense({ crops, resize, explain, class: name }: Flags): void {
  if (resize === 'none' && crops !== '1')
    throw new UserError(`--resize none looks at an image as it is, and --crops is ${crops}: leave one of them out`, 2)
  if (name !== undefined && explain === undefined)
    throw new UserError('--class says which class to explain: give --explain, a folder, or leave it out', 2)
}

function expectOnlyFeatures({ model }: Classifier, { embed, explain, logits }: Flags): void {
  const what = `${model.network} gives embeddings and no classes`
  if (embed === undefined) throw new UserError(`${what}: write them to a file (--embed features.npy)`, 2)
  if (explain !== undefined || logits) throw new UserError(`${what}: leave --explain and --logits out`, 2)
}

function open({ checkpoint, resize, crops, ...engine }: Flags, { count }: NamedImages): Classifier {
  using opened = openCheckpoint(checkpoint, warn)
  const backend = openBackend(engine.backend, warn, { ...engine, notify: warn })
  const look: Look | undefined = resize === 'none' ? 'exact' : crops === '1' ? undefined : crops
  const tune = count === undefined || count >= worthTuning
  return new Classifier(opened, { backend, precision: choosePrecision(backend, engine.precision), look, tune })
}

interface Work {
  readonly flags: Flags
  readonly features: NpyFile | undefined
  readonly heatMaps: HeatMaps | undefined
  /** The class to explain; undefined for each image's best one. */
  readonly explained: number | undefined
  readonly signal: AbortSignal
}

/** Predicts and prints image by image, so that memory does not depend on how many there are. */
async function predict(classifier: Classifier, named: NamedImages, work: Work): Promise<void> {
  const { flags, features, heatMaps, explained, signal } = work
  const { classNames } = classifier.state
  const printing = printingFor(flags)
  const waiting: NamedImage[] = []
  const inputs = async function* () {
    for await (const image of named.images()) {
      waiting.push(image)
      yield image.input
    }
  }
  let predicted = 0
  for await (const outcome of classifier.predictAll(inputs(), { signal })) {
    const image = waiting.shift()!
    if ('reason' in outcome) {
      if (flags.badImages === 'error') throw badImageError(image.name, outcome.reason)
      warn(`left out: ${image.name}: ${outcome.reason}`)
      printing.tell({ image: image.name, error: outcome.reason })
      continue
    }
    const { prediction } = outcome
    const top = rankedClasses(prediction, classNames, flags.top)
    const heatMap = await heatMaps?.draw(image, explained ?? bestClasses(prediction.probabilities, 1)[0]!)
    features?.append(prediction.features)
    printing.tell({
      image: image.name,
      ...(classifier.hasClasses && { top }),
      ...(flags.logits && { logits: [...prediction.logits] }),
      ...(features && { row: features.rows - 1 }),
      ...(heatMap !== undefined && { heatMap, explained: flags.class ?? top[0]!.label }),
    })
    predicted++
  }
  printing.end()
  if (predicted === 0) throw new UserError('none of the images can be decoded')
  if (!features) return
  features.commit()
  warn(
    `${flags.embed}: ${formatCount(features.rows)} × ${formatCount(features.columns)} features, a row an image in this order`,
  )
}

const rankedClasses = ({ probabilities }: Prediction, classNames: readonly string[], most: number): RankedClass[] =>
  bestClasses(probabilities, Math.min(most, classNames.length)).map(place => {
    const name = classNames[place]!
    return { label: labelOf(name), score: probabilities[place]!, class: name }
  })

function printingFor({ json }: Flags): Printing {
  const write = (text: string) => void process.stdout.write(text)
  if (json) return printings.json(write)
  return process.stdout.isTTY ? printings.terminal(write) : printings.lines(write)
}
