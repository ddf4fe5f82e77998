import type { Ops } from '../../../graph/ops.js'
import { arg } from '../api.js'
import type { Lowering } from '../kernels.js'

export const concat: Lowering<Ops['concat']> = {
  lower({ x: { src }, y: { dst } }, k) {
    const primitive = k.api.concat({ axis: 1, src: src.map(s => s.desc), dst: dst.desc })
    k.launch(primitive, [
      ...src.map((s, i) => [arg.multipleSrc + i, s.desc, s.place] as const),
      [arg.dst, dst.desc, dst.place],
    ])
  },
}

export const sliceChannels: Lowering<Ops['sliceChannels']> = {
  lower({ x: { src }, y: { dst }, attrs }, k) {
    const part = k.api.part(src.desc, dst.shape, [0, attrs.begin, 0, 0])
    k.launch(k.api.reorder({ src: part, dst: dst.desc }), [
      [arg.src, part, src.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}
