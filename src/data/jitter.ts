import type { RandomStream } from '../base/random.js'
import type { RgbImage } from './decode.js'
import { scaleBrightness, scaleColour, spreadContrast } from './pillow/enhance.js'

const changes = [scaleBrightness, spreadContrast, scaleColour]

/**
 * torchvision's `ColorJitter` as timm uses it: brightness, contrast and saturation, in a random order, each by a factor
 * uniform in [1 − amount, 1 + amount]. In place.
 */
export function jitterColours(image: RgbImage, amount: number, random: RandomStream): void {
  for (const i of random.permutation(changes.length))
    changes[i]!(image, random.uniform(Math.max(0, 1 - amount), 1 + amount))
}
