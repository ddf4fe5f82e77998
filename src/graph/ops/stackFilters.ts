import { formatShape, sameShape } from '../../base/shape.js'
import { defineOp, ShapeError } from '../op.js'

/** Weights (or biases) of several convolutions as those of one with all their filters: [O₀,…], [O₁,…] … → [ΣO,…]. */
export const stackFilters = defineOp({
  name: 'stackFilters',
  inputs: { src: 'many' },
  outputs: { dst: 'one' },
  infer({ src }) {
    const [first] = src
    if (!first) throw new ShapeError('nothing to stack')
    const rest = first.shape.slice(1)
    for (const { shape } of src)
      if (!sameShape(shape.slice(1), rest))
        throw new ShapeError(`filters of ${formatShape(shape)} beside ${formatShape(first.shape)}`)
    return { dst: { dtype: first.dtype, shape: [src.reduce((sum, { shape }) => sum + shape[0]!, 0), ...rest] } }
  },
  saves: [],
  grad: null,
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ src }, { dst }) {
    let at = 0
    for (const { data } of src) {
      dst.data.set(data, at)
      at += data.length
    }
  },
})
