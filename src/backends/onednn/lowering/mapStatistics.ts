import { fromBf16 } from '../../../base/dtype.js'
import { sizeOf } from '../../../base/shape.js'
import type { Ops } from '../../../graph/ops.js'
import type { Lowering } from '../kernels.js'

/** Two sums over the map as it lies: they ask for no order, and the zeros that pad a block of channels are known. */
export const mapStatistics: Lowering<Ops['mapStatistics']> = {
  lower({ x: { src }, y: { dst } }, k) {
    k.launches.push({
      kind: 'script',
      bind(view) {
        const [from, to] = [view(src), view(dst) as Float32Array]
        const size = sizeOf(src.shape)
        const numberAt = from instanceof Uint16Array ? (i: number) => fromBf16(from[i]!) : (i: number) => from[i]!
        return () => {
          let [zeros, squares] = [size - from.length, 0]
          for (let i = 0; i < from.length; i++) {
            const x = numberAt(i)
            if (x === 0) zeros++
            squares += x * x
          }
          to[0] = zeros / size
          to[1] = Math.sqrt(squares / size)
        }
      },
    })
  },
}
