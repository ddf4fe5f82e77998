import { featureMap } from '../graph/op.js'
import { avgPool2d } from '../graph/ops/avgPool.js'
import { cast } from '../graph/ops/cast.js'
import { globalAvgPool2d } from '../graph/ops/globalAvgPool.js'
import { maxPool2d } from '../graph/ops/maxPool.js'
import { batchNorm } from './norm.js'
import { type Layer, layer } from './scope.js'
import { type Kernel, type Padding, windowOver } from './window.js'

export const maxPool = (kernel: Kernel, options: Padding = {}): Layer =>
  layer('pool', x => {
    const [, , height, width] = featureMap(x)
    return maxPool2d(x, windowOver(height, width, kernel, options))
  })

/** Average pooling; padding is left out of the divisor unless `includePadding`. */
export const avgPool = (kernel: Kernel, options: Padding & { readonly includePadding?: boolean } = {}): Layer =>
  layer('pool', x => {
    const [, , height, width] = featureMap(x)
    const window = windowOver(height, width, kernel, options)
    return avgPool2d(x, { ...window, includePadding: options.includePadding ?? false })
  })

/** [N,C,H,W] → [N,C]; f32 from here on, so that logits and loss are not rounded to bf16. */
export const globalAvgPool: Layer = layer('pool', (x, at) => {
  at.root.pooled = x
  const y = at.settings.extraNorm === 'last' ? batchNorm(x, at.child('norm')) : x
  at.root.features = cast(globalAvgPool2d(y), 'f32')
  return at.root.features
})
