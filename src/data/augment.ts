import type { RandomStream } from '../base/random.js'
import { type ColourDistortion, distortColour } from './colour.js'
import { centralCrop, distortedCrop } from './crop.js'
import type { RgbImage } from './decode.js'
import { resizeBilinear } from './resize.js'

/**
 * How an image becomes a network's input of `size` × `size`. `train` is TF-Slim's distortion (networks trained on
 * ImageNet: `fast`); `eval` takes the centre with `centralFraction` (TF-Slim: 0.875) of each side.
 */
export type Preprocessing =
  | { readonly kind: 'train'; readonly size: number; readonly colour: ColourDistortion }
  | { readonly kind: 'eval'; readonly size: number; readonly centralFraction: number }

/**
 * Writes the network's input for one image: crop, bilinear resize, flip with probability ½ and colour in training, then
 * (x − 0.5)·2. Every choice comes from `random`; evaluation draws nothing.
 *
 * @param out [size, size, 3], values in [−1, 1]
 */
export function writeSample(
  image: RgbImage,
  preprocessing: Preprocessing,
  random: RandomStream,
  out: Float32Array,
): void {
  const { size } = preprocessing
  if (preprocessing.kind === 'train') {
    const crop = distortedCrop(image.width, image.height, random)
    const mirrored = random.uniform() < 0.5
    resizeBilinear(image, crop, size, out, mirrored)
    distortColour(out, preprocessing.colour, random)
  } else {
    resizeBilinear(image, centralCrop(image.width, image.height, preprocessing.centralFraction), size, out)
  }
  for (let i = 0; i < out.length; i++) {
    out[i] = (Math.min(Math.max(out[i]!, 0), 1) - 0.5) * 2
  }
}
