import type { RandomStream } from '../base/random.js'
import { drawColour } from './colour.js'
import { distortedCrop } from './crop.js'
import type { RgbImage } from './decode.js'
import type { TrainPreprocessing } from './preprocessing.js'
import { SampleWriter } from './sample-writer.js'

// One call at a time per thread.
let writer: SampleWriter | undefined

/**
 * Writes one image as training sees it: crop, bilinear resize, flip with probability ½ and colour, then (x − 0.5)·2.
 * Every choice comes from `random`.
 *
 * @param out [size, size, 3], values in [−1, 1]
 */
export function writeSample(
  image: RgbImage,
  { size, colour }: TrainPreprocessing,
  random: RandomStream,
  out: Float32Array,
): void {
  const crop = distortedCrop(image.width, image.height, random)
  const mirrored = random.uniform() < 0.5
  writer ??= new SampleWriter()
  writer.write(image, crop, size, mirrored, drawColour(colour, random), out)
}

/** Values of [0, 1] become [−1, 1], what lies outside is clipped; in place. */
export function toNetworkRange(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = (Math.min(Math.max(values[i]!, 0), 1) - 0.5) * 2
}
