import path from 'node:path'
import type { ImageSet } from '../data/class-folder.js'
import type { ImagePlace } from '../data/image-place.js'
import { readPlace } from '../data/place-reader.js'
import { sharp } from '../data/sharp.js'
import { confusionMatrix, confusions } from '../evaluation/confusion.js'
import { bestClasses, type Predictions, rowOf, scoresOf } from '../evaluation/scores.js'
import type { EvaluatedRun } from './gather.js'
import type { Confusion, Sample } from './result.js'

const sampleCount = 8
const pictureSide = 160
const mostClasses = 50
const mostPairs = 10

/** The single-crop predictions of each network's first run. */
function firstRuns(evaluated: readonly EvaluatedRun[]): Map<string, Predictions> {
  const first = new Map<string, Predictions>()
  for (const { run, predictions } of evaluated) {
    const { network } = run.settings.model
    const own = predictions.get('1')
    if (own && !first.has(network)) first.set(network, own)
  }
  return first
}

/** A few validation images with what the networks say of them: half of them such as some network gets wrong. */
export async function samplesOf(evaluated: readonly EvaluatedRun[], val: ImageSet): Promise<Sample[]> {
  const networks = firstRuns(evaluated)
  if (networks.size === 0) return []
  const wrong = [...networks.values()].map(predictions => scoresOf(predictions).wrong)
  // Only what every network could read can be shown.
  const seen = [...val.items.keys()].filter(image => [...networks.values()].every(({ labels }) => labels[image]! >= 0))
  const missed = seen.filter(image => wrong.some(each => each[image] === 1))
  const found = seen.filter(image => !wrong.some(each => each[image] === 1))
  const chosen = [...spread(found, sampleCount / 2), ...spread(missed, sampleCount / 2)]
  return await Promise.all(
    chosen.map(async (image): Promise<Sample> => {
      const item = val.items[image]!
      return {
        picture: await thumbnail(item),
        name: path.relative(val.root, item.path),
        label: val.classes[item.label]!,
        predictions: [...networks].map(([network, predictions]) => ({
          network,
          best: bestOf(predictions, image, val.classes),
        })),
      }
    }),
  )
}

/** At most `count` of `values`, evenly over them. */
const spread = (values: readonly number[], count: number): number[] =>
  values.length <= count
    ? [...values]
    : Array.from({ length: count }, (_, i) => values[Math.floor(((i + 0.5) * values.length) / count)]!)

function bestOf(predictions: Predictions, image: number, names: readonly string[]) {
  const row = rowOf(predictions, image)
  return bestClasses(row, 3).map(i => ({ label: names[i]!, probability: row[i]! }))
}

/** A small JPEG as a data URI. */
async function thumbnail(image: ImagePlace): Promise<string> {
  const bytes = await sharp(await readPlace(image))
    .rotate()
    .resize({ width: pictureSide, height: pictureSide, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .jpeg({ quality: 80 })
    .toBuffer()
  return `data:image/jpeg;base64,${bytes.toString('base64')}`
}

/** Which classes each network's first run takes for which. */
export const confusionsOf = (evaluated: readonly EvaluatedRun[], { classes }: ImageSet): Confusion[] =>
  [...firstRuns(evaluated)].map(([network, predictions]): Confusion => {
    const matrix = confusionMatrix(predictions)
    const row = (label: number) => Array.from(matrix.subarray(label * classes.length, (label + 1) * classes.length))
    const pairs = confusions(matrix, classes).slice(0, mostPairs)
    return {
      network,
      classes,
      counts: classes.length <= mostClasses ? classes.map((_, label) => row(label)) : [],
      pairs: pairs.map(({ label, predicted, count }) => ({ label, predicted, images: count })),
    }
  })
