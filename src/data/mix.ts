import type { RandomStream } from '../base/random.js'
import type { Augmentation } from './augmentation.js'
import type { Batch } from './batch-run.js'

/** The labels of a batch whose images were mixed. */
export interface MixedLabels {
  /** [batch], the label of what was mixed into each image. */
  readonly others: Int32Array
  /** [batch], the share of each image's own label. */
  readonly shares: Float32Array
}

/**
 * Mixes the images of a full batch in place: one λ for the batch, as timm does by default, and each image with its
 * neighbour: the first with the second, the third with the fourth. timm takes the first with the last; neighbours stay
 * together when several processes share a batch, so that each step is the same for any number of them. The last of an odd
 * number stays as it is. Mixup (Zhang et al., arXiv:1710.09412): λ·x + (1 − λ)·x'. CutMix (Yun et al.,
 * arXiv:1905.04899): a box of 1 − λ of the image, as far as it lies inside, comes from the other image, and the share is
 * what the box really leaves.
 *
 * @param size of the square images
 */
export function mixImages(
  { images, labels }: Pick<Batch, 'images' | 'labels'>,
  size: number,
  { mixup, cutmix }: Pick<Augmentation, 'mixup' | 'cutmix'>,
  random: RandomStream,
): MixedLabels {
  const cuts = cutmix > 0 && (mixup === 0 || random.uniform() < 0.5)
  const drawn = random.beta(cuts ? cutmix : mixup)
  const length = size * size * 3
  const image = (i: number) => images.subarray(i * length, (i + 1) * length)
  const pairs = Array.from({ length: labels.length >> 1 }, (_, k) => [image(2 * k), image(2 * k + 1)] as const)
  const share = cuts ? swapBox(pairs, size, drawn, random) : blend(pairs, drawn)
  // Where there is no neighbour, the label is that of the image itself, and its share does not matter.
  return { others: labels.map((own, i) => labels[i ^ 1] ?? own), shares: new Float32Array(labels.length).fill(share) }
}

type Pair = readonly [Float32Array, Float32Array]

function blend(pairs: readonly Pair[], share: number): number {
  for (const [a, b] of pairs)
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [a[i]!, b[i]!]
      a[i] = share * x + (1 - share) * y
      b[i] = share * y + (1 - share) * x
    }
  return share
}

function swapBox(pairs: readonly Pair[], size: number, share: number, random: RandomStream): number {
  const side = Math.trunc(size * Math.sqrt(1 - share))
  const within = () => {
    const centre = random.integer(size)
    return [Math.max(0, centre - Math.floor(side / 2)), Math.min(size, centre + Math.floor((side + 1) / 2))] as const
  }
  const [top, bottom] = within()
  const [left, right] = within()
  for (const [a, b] of pairs)
    for (let y = top; y < bottom; y++)
      for (let i = (y * size + left) * 3; i < (y * size + right) * 3; i++) {
        const held = a[i]!
        a[i] = b[i]!
        b[i] = held
      }
  return 1 - ((bottom - top) * (right - left)) / (size * size)
}
