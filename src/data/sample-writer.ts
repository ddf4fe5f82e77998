import type { ColourStep } from './colour.js'
import type { Rectangle } from './crop.js'
import type { RgbImage } from './decode.js'
import type { BilinearWriter } from './image-views.js'
import { type Place, sampleAcross, sampleDown } from './resize.js'
import { instantiateRowKernels, type RowKernels, reach } from './row-kernels.js'

/** Rows that are finished before they are copied out: they stay in the processor's near caches. */
const mostFinished = 8

/**
 * Writes training samples in the vectors of WebAssembly: what {@link resizeBilinear}, the steps of `colour.ts` and
 * `toNetworkRange` do, in the single precision that TensorFlow computes in, so that a value may differ from theirs in
 * its last bits. A row goes through all of it while it is in the processor's nearest cache; only a contrast, which
 * needs the mean of the image, divides the work into two parts.
 */
export class SampleWriter {
  readonly #kernels: RowKernels = instantiateRowKernels()
  readonly #base = this.#kernels.base()

  /**
   * @param steps in their order
   * @param out [size, size, 3], values in [−1, 1]
   * @param place as in {@link resizeBilinear}
   */
  write(
    image: RgbImage,
    from: Rectangle,
    size: number,
    mirrored: boolean,
    steps: readonly ColourStep[],
    out: Float32Array,
    { within, x, y }: Place = { within: { width: size, height: size }, x: 0, y: 0 },
  ): void {
    const kernels = this.#kernels
    const plane = Math.ceil(size / 4) * 16
    const row = 3 * plane
    const parts = divided(steps)
    // Where the parts are more than one, all rows are kept between them.
    const kept = parts.length > 1 ? size : 1
    const left = this.#base
    const weights = left + plane
    const resized = weights + plane
    const rows = resized + 2 * row
    const finished = rows + kept * row
    const pixels = finished + mostFinished * size * 12 + row
    // The kernel reads up to five bytes behind the last pixel.
    reach(kernels, pixels + from.width * 3 + 5)
    const { buffer } = kernels.memory
    const bytes = new Uint8Array(buffer)
    const target = new Uint8Array(out.buffer, out.byteOffset, size * size * 12)
    const tables = {
      left: new Int32Array(buffer, left, plane / 4),
      weights: new Float32Array(buffer, weights, plane / 4),
    }
    sampleAcross(from.width, size, mirrored, tables, within.width, x)
    // What fills up the last vector is read from the row's first pixel.
    for (const table of Object.values(tables)) table.fill(0, size)

    // Neighbouring rows of the image lie in different halves, so a row that two rows of the result need is resized once.
    const held = [-1, -1]
    const last = (from.width - 1) * 3
    const acrossed = (y: number): number => {
      const half = y % 2
      const place = resized + half * row
      if (held[half] !== y) {
        held[half] = y
        const start = ((from.y + y) * image.width + from.x) * 3
        bytes.set(image.rgb.subarray(start, start + from.width * 3), pixels)
        kernels.across(pixels, last, left, weights, place, plane)
      }
      return place
    }
    parts.forEach(({ contrast, pointwise }, part) => {
      const means = contrast === undefined ? undefined : this.#means(rows, size, plane)
      for (let j = 0; j < size; j++) {
        const place = rows + (kept === 1 ? 0 : j * row)
        if (part === 0) {
          const { upper, lower, weight } = sampleDown(from.height, j, within.height, y)
          kernels.between(acrossed(upper), acrossed(lower), weight, place, plane)
        }
        means?.forEach((mean, c) => {
          kernels.contrast(place + c * plane, plane, mean, contrast!)
        })
        for (const { operation, amount } of pointwise) kernels[operation](place, plane, amount)
        if (part === parts.length - 1) {
          const ready = j % mostFinished
          kernels.finish(place, plane, finished + ready * size * 12)
          if (ready === mostFinished - 1 || j === size - 1)
            target.set(bytes.subarray(finished, finished + (ready + 1) * size * 12), (j - ready) * size * 12)
        }
      }
    })
  }

  /** The mean of each channel over all rows. */
  #means(rows: number, size: number, plane: number): number[] {
    const sums = [0, 0, 0]
    for (let j = 0; j < size; j++)
      for (let c = 0; c < 3; c++) sums[c]! += this.#kernels.sum(rows + (3 * j + c) * plane, size)
    return sums.map(sum => sum / (size * size))
  }
}

/** What can be done to a row without looking at others, after the contrast that it may begin with. */
interface Part {
  readonly contrast: number | undefined
  readonly pointwise: { readonly operation: 'brightness' | 'saturation' | 'hue'; readonly amount: number }[]
}

function divided(steps: readonly ColourStep[]): readonly Part[] {
  const parts: Part[] = [{ contrast: undefined, pointwise: [] }]
  for (const { operation, amount } of steps)
    if (operation === 'contrast') parts.push({ contrast: amount, pointwise: [] })
    else parts.at(-1)!.pointwise.push({ operation, amount })
  return parts
}

// One call at a time per thread.
let own: SampleWriter | undefined

/** This thread's writer, which is made when it is first asked for. */
export const sampleWriter = (): SampleWriter => (own ??= new SampleWriter())

/** Without any colour step. */
export const writeBilinear: BilinearWriter = (image, from, size, mirrored, out, place) =>
  sampleWriter().write(image, from, size, mirrored, [], out, place)
