import type { Value } from '../../src/graph/op.js'
import { avgPool2d } from '../../src/graph/ops/avgPool.js'
import { batchNorm } from '../../src/graph/ops/batchNorm.js'
import { batchNormAcross } from '../../src/graph/ops/batchNormGlobal.js'
import { cast } from '../../src/graph/ops/cast.js'
import { concat } from '../../src/graph/ops/concat.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { dense2d } from '../../src/graph/ops/dense.js'
import { globalAvgPool2d } from '../../src/graph/ops/globalAvgPool.js'
import { maxPool2d } from '../../src/graph/ops/maxPool.js'
import { relu } from '../../src/graph/ops/relu.js'
import { residualAddOp } from '../../src/graph/ops/residualAdd.js'
import { scale } from '../../src/graph/ops/scale.js'
import { softmaxCrossEntropy } from '../../src/graph/ops/softmaxCrossEntropy.js'
import type { Window } from '../../src/graph/ops/window.js'
import type { OpCase } from './contract.js'
import type { Material } from './material.js'
import { none, one, window } from './windows.js'

/** Convolution, batch norm and the ReLU inside it, as a trained network has them after `absorbRelu`. */
const unit = (m: Material, x: Value, filters: number, kernel: Window, withScale = true) => {
  const y = conv2d(x, m.weight([filters, x.shape[1]!, ...kernel.kernel]), undefined, { ...kernel, groups: 1 })
  const scale = withScale ? m.weight([filters], 'positive') : undefined
  return batchNorm.emit({ src: y, scale, shift: m.weight([filters], 'positive') }, { epsilon: 1e-3, relu: true }).dst
}

/** The same with a norm over all replicas, of which there is one. */
const acrossUnit = (m: Material, x: Value, filters: number, kernel: Window) => {
  const y = conv2d(x, m.weight([filters, x.shape[1]!, ...kernel.kernel]), undefined, { ...kernel, groups: 1 })
  const norm = { src: y, scale: undefined, shift: m.weight([filters], 'positive') }
  return relu(batchNormAcross(norm, { epsilon: 1e-3, replica: { index: 0, of: 1 } }).dst)
}

/** A convolution with bias and ReLU, whose gradient no batch norm cancels. */
const plain = (m: Material, x: Value, filters: number, kernel: Window) =>
  relu(conv2d(x, m.weight([filters, x.shape[1]!, ...kernel.kernel]), m.weight([filters]), { ...kernel, groups: 1 }))

/**
 * A classifier that weighs every place of the map differently: the gradient of a plain average is the same everywhere,
 * which a batch norm cancels, and what is left would be rounding.
 */
const classify = (m: Material, x: Value, labels: readonly number[]) => {
  const [, channels, height, width] = x.shape as [number, number, number, number]
  const all = window([height, width], 1, none)
  const place = conv2d(x, m.weight([6, channels, height, width]), undefined, { ...all, groups: 1 })
  const features = scale(cast(globalAvgPool2d(place), 'f32'), 0.01)
  const logits = dense2d(features, m.weight([5, features.shape[1]!]), m.weight([5]))
  return softmaxCrossEntropy.emit({ logits, labels: m.whole(labels) }, { smoothing: 0.1 }).loss
}

/** Several ops together, with the gradients of a loss. */
export const blocks: readonly OpCase[] = [
  {
    name: 'an inception block: one value read by four branches of unequal width',
    backward: 'loss',
    build: m => {
      const x = plain(m, m.map([2, 3, 8, 8]), 8, window([3, 3], 1, one))
      const joined = concat([
        unit(m, x, 4, window([1, 1], 1, none)),
        unit(m, unit(m, x, 3, window([1, 1], 1, none), false), 6, window([1, 7], 1, none, [3, 3])),
        unit(m, avgPool2d(x, { ...window([3, 3], 1, one), includePadding: false }), 5, window([1, 1], 1, none)),
        maxPool2d(x, window([3, 3], 1, one)),
      ])
      return [classify(m, joined, [1, 4])]
    },
  },
  {
    name: 'two residual blocks with a linear expansion',
    backward: 'loss',
    build: m => {
      let x = plain(m, m.map([2, 3, 7, 7]), 8, window([3, 3], 2, none))
      for (let i = 0; i < 2; i++) {
        const body = unit(m, x, 4, window([3, 3], 1, one))
        const expanded = conv2d(body, m.weight([8, 4, 1, 1]), m.weight([8]), { ...window([1, 1], 1, none), groups: 1 })
        x = residualAddOp.emit({ src: x, residual: expanded }, { scale: 0.2, relu: true }).dst
      }
      return [classify(m, x, [0, 3])]
    },
  },
  {
    name: 'two layers normalised across replicas',
    backward: 'loss',
    build: m => {
      const x = acrossUnit(m, m.map([4, 3, 7, 7]), 6, window([3, 3], 2, none))
      return [classify(m, acrossUnit(m, x, 16, window([3, 3], 1, one)), [0, 3, 1, 1])]
    },
  },
]
