import type { Preprocessing } from '../nn/network.js'

/** What is taken from a pixel value between 0 and 1, and what it is then divided by; in the order red, green, blue. */
export interface Normalisation {
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/** How other programs make a network's input: exported models take channels in the order red, green, blue. */
export function normalisationOf({ mean, deviation, order }: Preprocessing): Normalisation {
  const inOrder = (values: readonly number[]) => (order === 'rgb' ? values : values.toReversed()).map(v => v / 255)
  return { mean: inOrder(mean), std: inOrder(deviation) }
}

/**
 * An image [height, width, 3] with values in [−1, 1] as `pixel_values` [3, height, width]: normalised, channels first,
 * red before green before blue.
 */
export function toPixelValues(image: Float32Array, { mean, std }: Normalisation, into: Float32Array): void {
  const plane = image.length / 3
  for (let c = 0; c < 3; c++) {
    const factor = 0.5 / std[c]!
    const offset = (0.5 - mean[c]!) / std[c]!
    for (let i = 0; i < plane; i++) into[c * plane + i] = image[3 * i + c]! * factor + offset
  }
}
