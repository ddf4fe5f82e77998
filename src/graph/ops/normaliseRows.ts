import { sizeOf } from '../../base/shape.js'
import { defineOp, type Numbers, type Type, type Value } from '../op.js'

export interface NormaliseRows {
  /** Take a row's mean away first. */
  readonly centre: boolean
  /** The least sum of squares that is divided by: what is smaller keeps its proportions and stays short. */
  readonly floor: number
}

/**
 * Rows of length 1: y = z / √max(Σz², floor) for each image's z = x, or z = x − mean(x). src [N, …], whose rows are
 * all that belongs to an image, → dst like src. tf.nn.l2_normalize is this with its epsilon as the floor; times √n, of a
 * centred row of n elements with floor 1, it is tf.image.per_image_standardization.
 */
export const normaliseRowsOp = defineOp({
  name: 'normaliseRows',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer: ({ src }, _: NormaliseRows) => ({ dst: { dtype: src.dtype, shape: src.shape } }),
  saves: ['src'],
  grad: ({ dst }, { src }, _, attrs) =>
    dst ? { src: normaliseRowsBackward.emit({ src, diff_dst: dst }, attrs).diff_src } : {},
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 5 * sizeOf(src.shape) }),
  reference({ src }, { dst }, attrs) {
    eachRow(src, (first, length) => {
      const { mean, factor } = measure(src.data, first, length, attrs)
      for (let i = first; i < first + length; i++) dst.data[i] = (src.data[i]! - mean) * factor
    })
  },
})

/** With y = f·z: dz = f · (dy − y Σ(dy·y)), or f · dy where the floor holds; dx = dz − mean(dz) where rows are centred. */
export const normaliseRowsBackward = defineOp({
  name: 'normaliseRowsBackward',
  inputs: { src: 'one', diff_dst: 'one' },
  outputs: { diff_src: 'one' },
  infer: ({ src }, _: NormaliseRows) => ({ diff_src: { dtype: src.dtype, shape: src.shape } }),
  saves: [],
  grad: null,
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 9 * sizeOf(src.shape) }),
  reference({ src, diff_dst }, { diff_src }, attrs) {
    eachRow(src, (first, length) => {
      const { mean, factor, floored } = measure(src.data, first, length, attrs)
      const normal = (i: number) => (src.data[i]! - mean) * factor
      let along = 0
      let total = 0
      for (let i = first; i < first + length; i++) {
        if (!floored) along += diff_dst.data[i]! * normal(i)
        total += diff_dst.data[i]!
      }
      // Centred rows sum to 0, so that the mean of dz is that of f · dy.
      const shift = attrs.centre ? total / length : 0
      for (let i = first; i < first + length; i++)
        diff_src.data[i] = factor * (diff_dst.data[i]! - normal(i) * along - shift)
    })
  },
})

export const normaliseRows = (src: Value, attrs: NormaliseRows): Value => normaliseRowsOp.emit({ src }, attrs).dst

function eachRow({ shape }: Type, visit: (first: number, length: number) => void): void {
  const length = sizeOf(shape.slice(1))
  for (let row = 0; row < shape[0]!; row++) visit(row * length, length)
}

function measure(data: Numbers, first: number, length: number, { centre, floor }: NormaliseRows) {
  let mean = 0
  if (centre) for (let i = first; i < first + length; i++) mean += data[i]! / length
  let squares = 0
  for (let i = first; i < first + length; i++) squares += (data[i]! - mean) ** 2
  return { mean, factor: 1 / Math.sqrt(Math.max(squares, floor)), floored: squares <= floor }
}
