import type { Ops } from '../../../graph/ops.js'
import { arg } from '../constants.js'
import type { Lowering } from '../kernels.js'

export const concat: Lowering<Ops['concat']> = {
  lower({ x: { src }, y: { dst } }, k) {
    k.launch(
      k.engine.concat(
        1,
        src.map(s => s.desc),
        dst.desc,
      ),
      [...src.map((s, i) => [arg.multipleSrc + i, s.desc, s.place] as const), [arg.dst, dst.desc, dst.place]],
    )
  },
}

export const sliceChannels: Lowering<Ops['sliceChannels']> = {
  lower({ x: { src }, y: { dst }, attrs }, k) {
    const part = k.engine.part(src.desc, dst.shape, [0, attrs.begin, 0, 0])
    k.launch(k.engine.reorder(part, dst.desc), [
      [arg.src, part, src.place],
      [arg.dst, dst.desc, dst.place],
    ])
  },
}
