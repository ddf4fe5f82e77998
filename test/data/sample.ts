import type { RandomStream } from '../../src/base/random.js'
import { drawCrop, writeSample } from '../../src/data/augment.js'
import type { RgbImage } from '../../src/data/decode.js'
import type { TrainPreprocessing } from '../../src/data/preprocessing.js'

/** Writes the training sample of an image that is there as a whole. */
export function writeWhole(
  image: RgbImage,
  preprocessing: TrainPreprocessing,
  random: RandomStream,
  out: Float32Array,
): void {
  writeSample(image, drawCrop(image, preprocessing, random), preprocessing, random, out)
}
