import { formatShape } from '../../base/shape.js'
import { defineOp, ShapeError } from '../op.js'

/** Which of how many replicas, which train one model together, computes. */
export interface Replica {
  /** From 0. */
  readonly index: number
  readonly of: number
}

/**
 * Vectors, joined, in this replica's row of a matrix, and zeros in the rows of the others: src [n₀], [n₁] … → dst
 * [replicas, Σn] f32. Its sum over all replicas holds what each of them gave, exactly.
 */
export const replicaRow = defineOp({
  name: 'replicaRow',
  inputs: { src: 'many' },
  outputs: { dst: 'one' },
  infer({ src }, { of }: Replica) {
    for (const { shape } of src)
      if (shape.length !== 1) throw new ShapeError(`needs vectors (1 axis), got ${formatShape(shape)}`)
    return { dst: { dtype: 'f32', shape: [of, src.reduce((sum, { shape }) => sum + shape[0]!, 0)] } }
  },
  saves: [],
  grad: null,
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ src }, { dst }, { index }) {
    dst.data.fill(0)
    let at = index * dst.shape[1]!
    for (const { data } of src) {
      dst.data.set(data, at)
      at += data.length
    }
  },
})
