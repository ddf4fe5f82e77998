import { sizeOf } from '../../base/shape.js'
import { defineOp, type Value } from '../op.js'

/** What a feature map looks like from afar: src, any shape → [share of zeros, root mean square]. No gradient. */
export const mapStatisticsOp = defineOp({
  name: 'mapStatistics',
  inputs: { src: 'one' },
  outputs: { dst: 'one' },
  infer: () => ({ dst: { dtype: 'f32', shape: [2] } }),
  saves: [],
  grad: null,
  cost: ({ src }) => ({ multiplyAdds: 0, flops: 2 * sizeOf(src.shape) }),
  reference({ src }, { dst }) {
    let [zeros, squares] = [0, 0]
    for (let i = 0; i < src.data.length; i++) {
      if (src.data[i] === 0) zeros++
      squares += src.data[i]! ** 2
    }
    dst.data[0] = zeros / src.data.length
    dst.data[1] = Math.sqrt(squares / src.data.length)
  },
})

export const mapStatistics = (src: Value): Value => mapStatisticsOp.emit({ src }, {}).dst
