import { roundTo } from '../../base/dtype.js'
import { type Shape, sizeOf } from '../../base/shape.js'
import { defineOp, ShapeError, type Type } from '../op.js'

export interface AllReduce {
  readonly replicas: number
  /** What is sent. Sums are formed in f32; with bf16 each replica's numbers are rounded, and then the sum. */
  readonly precision: 'f32' | 'bf16'
}

/** Elements of f32 that kernels want tensors to be aligned to: 64 bytes. */
const alignment = 16

/**
 * Begins to add tensors of f32 up over all replicas, without waiting for the others. `sums` holds them one after
 * another, each from a multiple of 16 elements on, and zeros between; they are sums when `allReduceEnd` is over. Its
 * length is a multiple of 16 · replicas, so that every replica can have an equal share of the work. `staging` is for
 * what is sent, where that is not f32. Here, as in the reference of every op, a replica is alone.
 */
export const allReduceBegin = defineOp({
  name: 'allReduceBegin',
  inputs: { src: 'many' },
  outputs: { sums: 'one', staging: 'optional' },
  infer({ src }, { replicas, precision }: AllReduce) {
    if (src.length === 0) throw new ShapeError('needs a tensor to add up')
    const other = src.find(({ dtype }) => dtype !== 'f32')
    if (other) throw new ShapeError(`adds f32 up, got ${other.dtype}`)
    const elements = aligned(bucketStarts(src).at(-1)! + sizeOf(src.at(-1)!.shape), alignment * replicas)
    const staging: Type = { dtype: 'workspace', shape: [2, 2 * elements] }
    return { sums: { dtype: 'f32', shape: [elements] }, staging: precision === 'bf16' ? staging : undefined }
  },
  saves: [],
  grad: null,
  cost: ({ src }, _, { replicas }) => ({ multiplyAdds: 0, flops: (replicas - 1) * elementsOf(src) }),
  reference({ src }, { sums, staging }, { precision }) {
    sums.data.fill(0)
    staging?.data.fill(0)
    const starts = bucketStarts(src)
    const sent = (x: number) => (precision === 'f32' ? x : roundTo(precision, x))
    for (const [t, { data }] of src.entries())
      for (let i = 0; i < data.length; i++) sums.data[starts[t]! + i] = sent(data[i]!)
  },
  schedule: 'early',
  exchange: { begins: 'sums', among: attrs => attrs },
})

/** Waits until the sums are there. dst = factor · sums. */
export const allReduceEnd = defineOp({
  name: 'allReduceEnd',
  inputs: { sums: 'one', staging: 'optional' },
  outputs: { dst: 'one' },
  infer: ({ sums }, _: { readonly factor: number }) => ({ dst: { dtype: sums.dtype, shape: sums.shape } }),
  saves: [],
  grad: null,
  cost: ({ sums }, _, { factor }) => ({ multiplyAdds: 0, flops: factor === 1 ? 0 : sizeOf(sums.shape) }),
  reference({ sums }, { dst }, { factor }) {
    for (let i = 0; i < dst.data.length; i++) dst.data[i] = factor * sums.data[i]!
  },
  schedule: 'late',
  exchange: { ends: 'sums' },
})

/** Where in `sums` each tensor begins, in elements. */
export function bucketStarts(tensors: readonly { readonly shape: Shape }[]): number[] {
  let end = 0
  return tensors.map(({ shape }) => {
    const start = end
    end = aligned(start + sizeOf(shape), alignment)
    return start
  })
}

const aligned = (n: number, to: number) => Math.ceil(n / to) * to
const elementsOf = (tensors: readonly Type[]) => tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
