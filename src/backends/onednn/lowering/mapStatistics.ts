import { bytesPerElement, fromBf16 } from '../../../base/dtype.js'
import { sizeOf } from '../../../base/shape.js'
import type { Ops } from '../../../graph/ops.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'
import { describe } from '../layout.js'

/** Two sums over the map, which ask for no order of its elements. */
export const mapStatistics: Lowering<Ops['mapStatistics']> = {
  lower({ x: { src }, y: { dst } }, k) {
    const map = withoutPadding(src, k)
    k.launches.push({
      kind: 'script',
      bind(view) {
        const [from, to] = [view(map), view(dst) as Float32Array]
        const numberAt = from instanceof Uint16Array ? (i: number) => fromBf16(from[i]!) : (i: number) => from[i]!
        return () => {
          let [zeros, squares] = [0, 0]
          for (let i = 0; i < from.length; i++) {
            const x = numberAt(i)
            if (x === 0) zeros++
            squares += x * x
          }
          to[0] = zeros / from.length
          to[1] = Math.sqrt(squares / from.length)
        }
      },
    })
  },
}

/** The map itself, or a copy where its last block of channels is filled up with what does not count. */
function withoutPadding(src: Operand, k: Kernels): Operand {
  const { dtype, shape, desc } = src
  if (dtype === 'workspace' || k.api.bytes(desc) === sizeOf(shape) * bytesPerElement(dtype)) return src
  const dense = describe(k.api, src, 'channelsLast')
  return { ...src, desc: dense, place: k.prepared(src, dense) }
}
