import { existsSync } from 'node:fs'
import { UserError } from '../base/error.js'
import type { Predictions } from '../evaluation/scores.js'
import { openSafetensors, writeSafetensors } from '../formats/safetensors.js'

/** What an evaluation gave, kept beside the run so that a study that goes on need not evaluate again. */
export interface StoredEvaluation {
  readonly predictions: Predictions
  /** The choices of the protocol, in words. */
  readonly description: string
  readonly badImages: number
  readonly imagesPerSecond: number
}

/** Writes a finished evaluation. `key` says of which checkpoint and images it is. Errors: UserError when it cannot. */
export function storeEvaluation(file: string, key: string, evaluation: StoredEvaluation): void {
  const { predictions, description, badImages, imagesPerSecond } = evaluation
  const { probabilities, labels, classes } = predictions
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array | Int32Array) =>
    new Uint8Array(buffer, byteOffset, byteLength)
  writeSafetensors(
    file,
    [
      { name: 'probabilities', dtype: 'F32', shape: [labels.length, classes], bytes: () => bytes(probabilities) },
      { name: 'labels', dtype: 'I32', shape: [labels.length], bytes: () => bytes(labels) },
    ],
    { key, description, badImages: `${badImages}`, imagesPerSecond: `${imagesPerSecond}` },
  )
}

/** The evaluation in `file`; undefined when there is none, or it is of another checkpoint or other images. */
export function loadEvaluation(file: string, key: string): StoredEvaluation | undefined {
  if (!existsSync(file)) return undefined
  using stored = openSafetensors(file)
  const { metadata } = stored
  if (metadata.get('key') !== key) return undefined
  const [, classes = 0] = stored.info('probabilities').shape
  const number = (name: string): number => {
    const value = Number(metadata.get(name))
    if (!Number.isFinite(value)) throw new UserError(`${file} is damaged: remove it, and it is made again`)
    return value
  }
  return {
    predictions: {
      probabilities: new Float32Array(stored.read('probabilities').buffer),
      labels: new Int32Array(stored.read('labels').buffer),
      classes,
    },
    description: metadata.get('description') ?? '',
    badImages: number('badImages'),
    imagesPerSecond: number('imagesPerSecond'),
  }
}
