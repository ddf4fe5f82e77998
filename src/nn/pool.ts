import { featureMap, type Value } from '../graph/op.js'
import { avgPool2d } from '../graph/ops/avgPool.js'
import { cast } from '../graph/ops/cast.js'
import { globalAvgPool2d } from '../graph/ops/globalAvgPool.js'
import { maxPool2d } from '../graph/ops/maxPool.js'
import { batchNorm } from './norm.js'
import { type Layer, layer, type Scope } from './scope.js'
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
  at.root.features = toRows(lastMap(x, at))
  return at.root.features
})

/** The mean of each channel as a map of one place, for layers that work on maps: [N,C,H,W] → [N,C,1,1]. */
export const globalAvgMap: Layer = layer('pool', (x, at) => {
  const [, , height, width] = featureMap(x)
  const whole = windowOver(height, width, `${height}x${width}`, { pad: 'valid' })
  return avgPool2d(lastMap(x, at), { ...whole, includePadding: false })
})

/** A map of one place as a row, in f32: [N,C,1,1] → [N,C]. */
export const flatten: Layer = layer('flatten', toRows)

function lastMap(x: Value, at: Scope): Value {
  at.root.pooled = x
  return at.settings.extraNorm === 'last' ? batchNorm(x, at.child('norm')) : x
}

function toRows(x: Value): Value {
  return cast(globalAvgPool2d(x), 'f32')
}
