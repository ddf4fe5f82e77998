import { existsSync } from 'node:fs'
import { UserError } from '../../base/error.js'
import { sameShape } from '../../base/shape.js'
import type { Predictions } from '../../evaluation/scores.js'
import { openSafetensors, type SafetensorsFile, writeSafetensors } from '../../formats/safetensors.js'

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

/**
 * The evaluation in `file`; undefined when there is none, or it is of another checkpoint or other images.
 * Errors: UserError when the file is damaged.
 */
export function loadEvaluation(file: string, key: string): StoredEvaluation | undefined {
  if (!existsSync(file)) return undefined
  try {
    using stored = openSafetensors(file)
    return stored.metadata.get('key') === key ? evaluationIn(stored) : undefined
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${file} cannot be used: remove it, and it is made again (${error.message})`, 1, {
      cause: error,
    })
  }
}

function evaluationIn(stored: SafetensorsFile): StoredEvaluation {
  const { metadata } = stored
  const number = (name: string): number => {
    const value = Number(metadata.get(name) ?? Number.NaN)
    if (!Number.isFinite(value)) throw new UserError(`its ${name} is no number`)
    return value
  }
  const { shape, dtype } = stored.info('probabilities')
  const labels = stored.info('labels')
  const [images = 0, classes = 0] = shape
  if (dtype !== 'F32' || labels.dtype !== 'I32' || shape.length !== 2 || !sameShape(labels.shape, [images]))
    throw new UserError('its probabilities and labels do not go together')
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
