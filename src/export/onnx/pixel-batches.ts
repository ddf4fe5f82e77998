import type { ImageSet } from '../../data/class-folder.js'
import { Loader } from '../../data/loader.js'
import { networkOf } from '../../networks/model-spec.js'
import type { CheckpointState } from '../../training/checkpoint-state.js'
import { normalisationOf, toPixelValues } from '../normalisation.js'

/** Images as exported models take them. */
export interface PixelBatch {
  /** [count, 3, size, size] */
  readonly pixels: Float32Array
  /** [count] */
  readonly labels: readonly number[]
  readonly count: number
}

export interface BatchOptions {
  readonly batch: number
  readonly badImages: 'error' | 'skip'
  readonly signal?: AbortSignal | undefined
}

/**
 * Every image of a set once, cropped as the checkpoint is evaluated. Errors: UserError where an image is bad and bad
 * images are errors, or all are.
 */
export async function* pixelBatches(
  set: ImageSet,
  { model, crop = 'slim', centralFraction }: CheckpointState,
  options: BatchOptions,
): AsyncGenerator<PixelBatch> {
  const { size } = model
  const normalisation = normalisationOf(networkOf(model).preprocessing)
  const preprocessing = { kind: 'views', crops: crop, size, fraction: centralFraction } as const
  const { batch, badImages, signal } = options
  await using loader = new Loader(set, { batch, preprocessing, seed: 0, badImages, ...(signal && { signal }) })
  const length = 3 * size ** 2
  for await (const { images, labels } of loader.pass()) {
    const good = [...labels.keys()].filter(i => labels[i]! >= 0)
    if (good.length === 0) continue
    const pixels = new Float32Array(good.length * length)
    for (const [to, from] of good.entries())
      toPixelValues(
        images.subarray(from * length, (from + 1) * length),
        normalisation,
        pixels.subarray(to * length, (to + 1) * length),
      )
    yield { pixels, labels: good.map(i => labels[i]!), count: good.length }
  }
}
