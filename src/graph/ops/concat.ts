import { formatShape } from '../../base/shape.js'
import { defineOp, featureMap, ShapeError, type Value } from '../op.js'

/** Joins feature maps along channels, in the order given: [N,C₀,H,W], [N,C₁,H,W] … → [N,ΣC,H,W]. */
export const concatOp = defineOp({
  name: 'concat',
  inputs: { src: 'many' },
  outputs: { dst: 'one' },
  infer({ src }) {
    const [first] = src
    if (!first) throw new ShapeError('nothing to join')
    const [n, , h, w] = featureMap(first)
    let channels = 0
    for (const [i, map] of src.entries()) {
      const [mn, mc, mh, mw] = featureMap(map)
      if (mn !== n || mh !== h || mw !== w)
        throw new ShapeError(`branch_${i} is ${formatShape(map.shape)}, branch_0 is ${formatShape(first.shape)}`)
      channels += mc
    }
    return { dst: { dtype: first.dtype, shape: [n, channels, h, w] } }
  },
  saves: [],
  grad({ dst }, _, { src }) {
    if (!dst) return {}
    let begin = 0
    return {
      src: src.map(({ shape }) => {
        const part = sliceChannels.emit({ src: dst }, { begin, channels: shape[1]! }).dst
        begin += shape[1]!
        return part
      }),
    }
  },
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ src }, { dst }) {
    const [n, total, h, w] = featureMap(dst)
    let begin = 0
    for (const { data, shape } of src) {
      const block = shape[1]! * h * w
      for (let image = 0; image < n; image++)
        dst.data.set(data.subarray(image * block, (image + 1) * block), (image * total + begin) * h * w)
      begin += shape[1]!
    }
  },
  replay: ({ src }) => concat(src),
})

/** The channels begin … begin+channels−1 of a feature map: what a concatenation's gradient hands each branch. */
export const sliceChannels = defineOp({
  name: 'sliceChannels',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer({ src }, { begin, channels }: { readonly begin: number; readonly channels: number }) {
    const [n, c, h, w] = featureMap(src)
    if (begin + channels > c) throw new ShapeError(`channels ${begin} to ${begin + channels} of ${c}`)
    return { dst: { dtype: src.dtype, shape: [n, channels, h, w] } }
  },
  saves: [],
  grad: null,
  cost: () => ({ multiplyAdds: 0, flops: 0 }),
  reference({ src }, { dst }, { begin, channels }) {
    const [n, c, h, w] = featureMap(src)
    const block = channels * h * w
    for (let image = 0; image < n; image++)
      dst.data.set(src.data.subarray((image * c + begin) * h * w, (image * c + begin) * h * w + block), image * block)
  },
})

export const concat = (src: readonly Value[]): Value => (src.length === 1 ? src[0]! : concatOp.emit({ src }, {}).dst)
