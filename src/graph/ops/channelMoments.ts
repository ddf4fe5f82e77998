import { sizeOf } from '../../base/shape.js'
import { defineOp, featureMap, matrix, ShapeError, type Type } from '../op.js'

/**
 * Mean and (biased) variance of each channel over every group of images: src [N,C,H,W] → dst [groups, 2C] f32, a row of
 * means and then variances for each of `groups` equal parts of the batch. The mean is taken first and the squares about
 * it, as E[x²] − E[x]² in f32 loses what it is to give where a channel's mean is far from zero.
 */
export const channelMoments = defineOp({
  name: 'channelMoments',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer({ src }, { groups }: { readonly groups: number }) {
    const [images, channels] = featureMap(src)
    if (images % groups !== 0) throw new ShapeError(`${images} images do not make ${groups} equal groups`)
    return { dst: { dtype: 'f32', shape: [groups, 2 * channels] } }
  },
  saves: [],
  grad: null,
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 4 * sizeOf(src.shape) }),
  reference({ src }, { dst }, { groups }) {
    const [images, channels, height, width] = featureMap(src)
    const plane = height * width
    const each = images / groups
    for (let g = 0; g < groups; g++)
      for (let c = 0; c < channels; c++) {
        const sum = (of: (x: number) => number) => {
          let total = 0
          for (let n = g * each; n < (g + 1) * each; n++)
            for (let i = (n * channels + c) * plane, end = i + plane; i < end; i++) total += of(src.data[i]!)
          return total / (each * plane)
        }
        const mean = sum(x => x)
        dst.data[2 * g * channels + c] = mean
        dst.data[(2 * g + 1) * channels + c] = sum(x => (x - mean) ** 2)
      }
  },
})

/**
 * Mean and variance of the union of equally many elements each, from those of the parts: moments [parts, 2C], as
 * `channelMoments` gives them → mean, variance [C]. Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm
 * for computing sample variances" (1979): the mean of the variances and the variance of the means, which adds what is not
 * negative and so loses nothing.
 */
export const combineMoments = defineOp({
  name: 'combineMoments',
  inputs: { moments: 'one' },
  outputs: { mean: 'one', variance: 'one' },
  infer({ moments }) {
    const [, columns] = matrix(moments)
    if (columns % 2 !== 0) throw new ShapeError(`means and variances in rows of ${columns}`)
    const statistics: Type = { dtype: 'f32', shape: [columns / 2] }
    return { mean: statistics, variance: statistics }
  },
  saves: [],
  grad: null,
  cost: ({ moments }) => ({ multiplyAdds: 0, flops: 3 * sizeOf(moments.shape) }),
  reference({ moments }, { mean, variance }) {
    const [parts, columns] = matrix(moments)
    const channels = columns / 2
    for (let c = 0; c < channels; c++) {
      let [centre, within, between] = [0, 0, 0]
      for (let i = c; i < moments.data.length; i += columns) {
        centre += moments.data[i]! / parts
        within += moments.data[i + channels]! / parts
      }
      for (let i = c; i < moments.data.length; i += columns) between += (moments.data[i]! - centre) ** 2 / parts
      mean.data[c] = centre
      variance.data[c] = within + between
    }
  },
})
