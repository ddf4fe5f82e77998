/** From the name of a layer in this project to that of the same layer in a golden file. */
export type Layers = Readonly<Record<string, string>>

/** A block's layers under its place in both networks. */
export const under = (ours: string, theirs: string, layers: Layers): Layers =>
  Object.fromEntries(Object.entries(layers).map(([our, their]) => [`${ours}.${our}`, `${theirs}.${their}`]))

/** A convolution with batch norm: five tensors. */
const unit: Layers = {
  weights: 'conv.weight',
  'norm.scale': 'bn.weight',
  'norm.shift': 'bn.bias',
  'norm.mean': 'bn.running_mean',
  'norm.variance': 'bn.running_var',
}

/** A dense layer, or a convolution with a bias instead of a norm. */
const plain: Layers = { weights: 'weight', bias: 'bias' }

/** The names of all tensors, from those of their layers. */
export function tensorNames(units: Layers, plains: Layers): ReadonlyMap<string, string> {
  const tensors = (layers: Layers, parts: Layers) =>
    Object.entries(layers).flatMap(([ours, theirs]) => Object.entries(under(ours, theirs, parts)))
  return new Map([...tensors(units, unit), ...tensors(plains, plain)])
}
