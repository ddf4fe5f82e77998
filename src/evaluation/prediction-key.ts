import { createHash, type Hash } from 'node:crypto'
import path from 'node:path'
import type { Store } from '../backends/backend.js'
import type { ImageSet } from '../data/class-folder.js'
import { digestOfSet } from '../data/set-digest.js'
import { encodeJson } from '../formats/json.js'
import type { ModelSpec } from '../networks/model-spec.js'
import type { PredictionKey } from './kept-predictions.js'

/** All that the bits of an evaluation depend on. */
export interface KeyedEvaluation {
  readonly model: ModelSpec
  readonly store: Store
  /** The store's names of the network's variables. */
  readonly variables: readonly string[]
  readonly images: ImageSet
  readonly classOrder?: readonly number[] | undefined
  readonly crops: string
  readonly precision: string
  readonly batch: number
  readonly backend: string
}

/** Of the images, the folder and the names count: what is in the files is not looked at. */
export function predictionKey(evaluation: KeyedEvaluation): PredictionKey {
  const { model, images, classOrder, crops, precision, batch, backend } = evaluation
  return {
    network: encodeJson(model, 'the model'),
    weights: hashOfVariables(evaluation),
    images: digest(createHash('sha256').update(`${path.resolve(images.root)}\0${digestOfSet(images)}`)),
    'order of classes':
      classOrder === undefined ? 'as in the network' : digest(createHash('sha256').update(classOrder.join(' '))),
    crops,
    precision,
    batch,
    backend,
  }
}

function hashOfVariables({ store, variables }: KeyedEvaluation): string {
  const hash = createHash('sha256')
  for (const name of variables) {
    hash.update(`${name}\n`)
    // A copy, because the store's memory is shared between threads and hashing wants its own.
    hash.update(new Uint8Array(Float32Array.from(store.data(name)).buffer))
  }
  return digest(hash)
}

/** Short enough for an error's one line. */
const digest = (hash: Hash): string => hash.digest('hex').slice(0, 16)
