import { BadImage } from '../data/bad-image.js'
import type { Batch } from '../data/batch-run.js'
import type { RgbImage } from '../data/decode.js'
import { ImageViews } from '../data/image-views.js'
import { inputExtent, type ViewPreprocessing, viewCount } from '../data/preprocessing.js'
import { writeBilinear } from '../data/sample-writer.js'

/** An image of a sequence, or why it is none. */
export interface Decoded {
  readonly index: number
  readonly image: RgbImage | BadImage
}

/** The views of an image, or why it has none. */
function viewsOf(image: RgbImage | BadImage, preprocessing: ViewPreprocessing): ImageViews | BadImage {
  if (image instanceof BadImage) return image
  try {
    return new ImageViews(image, preprocessing, writeBilinear)
  } catch (error) {
    if (error instanceof BadImage) return error
    throw error
  }
}

/**
 * The views of images, `batch` at a time, made in this thread: what a loader does, for images at hand and for so few
 * that processes would take longer to start. A batch is valid until the next is asked for. `onBad` hears of images that
 * are none before the batch that they would be in.
 */
export async function* viewBatches(
  images: AsyncIterable<Decoded>,
  preprocessing: ViewPreprocessing,
  batch: number,
  onBad: (index: number, reason: string) => void,
): AsyncGenerator<Batch, void, undefined> {
  const { width, height } = inputExtent(preprocessing)
  const length = width * height * 3
  const views = viewCount(preprocessing)
  const pixels = new Float32Array(batch * length)
  const labels = new Int32Array(batch)
  const indices = new Uint32Array(batch)
  const weights = new Float32Array(batch)
  let count = 0
  const filled = (): Batch => ({ images: pixels, labels, indices, weights, count })
  for await (const { index, image } of images) {
    const made = viewsOf(image, preprocessing)
    if (made instanceof BadImage) onBad(index, made.message)
    for (let view = 0; view < views; view++) {
      const weight = made instanceof BadImage ? 0 : made.weights[view]!
      if (weight > 0) (made as ImageViews).write(view, pixels.subarray(count * length, (count + 1) * length))
      labels[count] = made instanceof BadImage ? -1 : 0
      indices[count] = index
      weights[count] = weight
      if (++count < batch) continue
      yield filled()
      count = 0
    }
  }
  if (count > 0) yield filled()
}
