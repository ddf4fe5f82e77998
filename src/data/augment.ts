import type { RandomStream } from '../base/random.js'
import { areaCrop } from './area-crop.js'
import { type Augmentation, plainAugmentation, type Style } from './augmentation.js'
import { distortColour, drawColour } from './colour.js'
import { distortedCrop, type Rectangle } from './crop.js'
import type { Extent } from './crops/protocol.js'
import { cutOut } from './cut-out.js'
import type { RgbImage } from './decode.js'
import { eraseRectangle } from './erase.js'
import { jitterColours } from './jitter.js'
import { toNetworkRange } from './network-range.js'
import type { TrainPreprocessing } from './preprocessing.js'
import { drawFilter, parseRandAugment, randAugment } from './rand-augment.js'
import { type Filter, resample } from './resample.js'
import { drawMethod, resizeBy } from './resize-methods.js'
import { sampleWriter } from './sample-writer.js'

/**
 * Which part of an image training sees: the first choice that is drawn for a sample, from the image's size alone, so
 * that nothing else need be decoded.
 *
 * @param boxes of objects, of which Slim's crop shows one
 */
export function drawCrop(
  { width, height }: Extent,
  { augmentation = plainAugmentation }: TrainPreprocessing,
  random: RandomStream,
  boxes: readonly Rectangle[] = [],
): Rectangle {
  return crops[augmentation.style](width, height, random, boxes)
}

/**
 * Writes a part of an image as training sees it, in the style of its augmentation. Every choice comes from `random`,
 * where {@link drawCrop} left it; what is switched off draws nothing.
 *
 * @param out [size, size, 3], values in [−1, 1], and outside where noise stands in a place that was erased
 */
export function writeSample(
  image: RgbImage,
  crop: Rectangle,
  preprocessing: TrainPreprocessing,
  random: RandomStream,
  out: Float32Array,
): void {
  const { size, augmentation = plainAugmentation } = preprocessing
  const { style, erase, eraseMode } = augmentation
  distortions[style](image, crop, { ...preprocessing, augmentation }, random, out)
  if (erase > 0) eraseRectangle(out, size, { probability: erase, mode: eraseMode }, random)
}

const crops: {
  readonly [S in Style]: (w: number, h: number, random: RandomStream, boxes: readonly Rectangle[]) => Rectangle
} = {
  slim: (width, height, random, boxes) => distortedCrop(width, height, random, {}, boxes),
  timm: areaCrop,
}

/** Writes values in [−1, 1]. */
type Distortion = (
  image: RgbImage,
  crop: Rectangle,
  preprocessing: TrainPreprocessing & { readonly augmentation: Augmentation },
  random: RandomStream,
  out: Float32Array,
) => void

const distortions: { readonly [S in Style]: Distortion } = {
  /** Resize, flip with probability ½, colour. RandAugment comes before the colours, in 8 bits. */
  slim(image, crop, { size, colour, augmentation }, random, out) {
    const method = drawMethod(augmentation.resize, random)
    const mirrored = random.uniform() < 0.5
    if (method === 'bilinear' && augmentation.randAugment === '') {
      sampleWriter().write(image, crop, size, mirrored, drawColour(colour, random), out)
      return
    }
    resizeBy(method, image, crop, size, out, mirrored)
    if (augmentation.randAugment !== '') {
      const rgb = Uint8Array.from(Uint8ClampedArray.from(out, value => value * 255))
      writePixels(augmented({ width: size, height: size, rgb }, augmentation, 'random', random), out)
    }
    distortColour(out, colour, random)
    toNetworkRange(out)
  },

  /** timm's: resize, flip with probability ½, RandAugment or jitter, all in 8 bits as in Pillow. */
  timm(image, crop, { size, augmentation }, random, out) {
    const { resize, jitter } = augmentation
    const filter = resize === 'bilinear' || resize === 'bicubic' ? resize : 'random'
    const resized = resample(cutOut(image, crop), size, size, filter === 'random' ? drawFilter(random) : filter)
    if (random.uniform() < 0.5) mirror(resized)
    const made = augmented(resized, augmentation, filter, random)
    if (jitter > 0) jitterColours(made, jitter, random)
    writePixels(made, out)
    toNetworkRange(out)
  },
}

/** What RandAugment makes of an image, which it may write to; the image where it is switched off. */
const augmented = (
  image: RgbImage,
  { randAugment: text }: Augmentation,
  filter: Filter | 'random',
  random: RandomStream,
): RgbImage => (text === '' ? image : randAugment(image, parseRandAugment(text), filter, random))

/** Swaps left and right, in place. */
function mirror({ rgb, width, height }: RgbImage): void {
  for (let y = 0; y < height; y++)
    for (let left = y * width * 3, right = left + (width - 1) * 3; left < right; left += 3, right -= 3)
      for (let c = 0; c < 3; c++) {
        const held = rgb[left + c]!
        rgb[left + c] = rgb[right + c]!
        rgb[right + c] = held
      }
}

function writePixels({ rgb }: RgbImage, out: Float32Array): void {
  for (let i = 0; i < rgb.length; i++) out[i] = rgb[i]! / 255
}
