import { featureMap, type Value } from '../graph/op.js'
import { concat } from '../graph/ops/concat.js'
import { relu } from '../graph/ops/relu.js'
import { residualAdd } from '../graph/ops/residualAdd.js'
import { expandTo } from './conv.js'
import { batchNorm } from './norm.js'
import { type Layer, layer, type Scope } from './scope.js'

/** One after the other. Children are named by letter and kernel: a_1x1, b_3x3, so an edit at the end renames nothing. */
export const chain = (...layers: readonly Layer[]): Layer => layer('chain', (x, at) => follow(layers, x, at))

/** Every row sees the same input; the results are joined along channels in the order written. */
export const branches = (...rows: readonly (readonly Layer[])[]): Layer =>
  layer('fork', (x, at) => concat(rows.map((row, i) => follow(row, x, at.child(`branch_${i}`)))))

/** One after the other, each under its own name. Results are endpoints. */
export const named = (stages: Readonly<Record<string, Layer>>): Layer =>
  layer('stages', (x, at) => {
    let y = x
    for (const [name, stage] of Object.entries(stages)) {
      const place = at.child(name)
      y = place.run(stage, y)
      at.root.endpoints.set(place.path, y)
    }
    return y
  })

/** The same block n times with parameters of its own each time: 0, 1, 2 … Results are endpoints. */
export const repeat = (n: number, block: Layer): Layer =>
  named(Object.fromEntries(Array.from({ length: n }, (_, i) => [`${i}`, block])))

/**
 * x + scale · linear(body(x)), then ReLU unless `act: false`. The linear 1×1 expansion goes to x's channels, so no
 * width can break the sum (the printed 1154 and 2048 of arXiv:1602.07261 figures 17 and 19 could not be added).
 */
export const residual = (
  { scale, act = true }: { readonly scale: number; readonly act?: boolean },
  body: Layer,
): Layer =>
  layer('residual', (x, at) => {
    const y = at.child('expand').run(expandTo(featureMap(x)[1]), at.run(body, x))
    const { residualScale, extraNorm } = at.settings
    const factor = scale === 1 ? 1 : (residualScale ?? scale)
    at.root.residuals.set(at.path, { shortcut: x, residual: y, scale: factor })
    const sum = residualAdd(x, y, factor)
    const z = extraNorm === 'sums' ? batchNorm(sum, at.child('sum_norm')) : sum
    return act ? relu(z) : z
  })

/** ReLU(project(x) + body(x)): He et al.'s residual unit. Without a projection the shortcut is x itself. */
export const shortcut = ({ project }: { readonly project?: Layer }, body: Layer): Layer =>
  layer('unit', (x, at) => {
    const identity = project ? at.child('project').run(project, x) : x
    return relu(residualAdd(identity, at.run(body, x), 1))
  })

function follow(layers: readonly Layer[], x: Value, at: Scope): Value {
  return layers.reduce((y, child, i) => at.child(`${String.fromCharCode(97 + i)}_${child.label}`).run(child, y), x)
}
