/** From the name of a layer in this project to that of the same layer elsewhere. */
export type Layers = Readonly<Record<string, string>>

/** From our tensors to theirs. */
export type TensorNames = ReadonlyMap<string, string>

/** A block's layers under its place in both networks. */
export const under = (ours: string, theirs: string, layers: Layers): Layers =>
  Object.fromEntries(Object.entries(layers).map(([our, their]) => [`${ours}.${our}`, `${theirs}.${their}`]))

/** The same block n times under both stages' names, counted from 0 here and from `first` there. */
export const times = (n: number, ours: string, theirs: string, block: Layers, first = 0): Layers =>
  Object.assign({}, ...Array.from({ length: n }, (_, i) => under(`${ours}.${i}`, `${theirs}.${i + first}`, block)))

/** The parts of a convolution without norm, and of a dense layer: PyTorch's names for them. */
export const plain: Layers = { weights: 'weight', bias: 'bias' }

/** A convolution's only part beside its norm. */
export const convolution: Layers = { weights: 'weight' }

/** A batch norm's parts. */
export const norm: Layers = {
  'norm.scale': 'weight',
  'norm.shift': 'bias',
  'norm.mean': 'running_mean',
  'norm.variance': 'running_var',
}

/** A convolution with batch norm as one module, `conv` and `bn`: five tensors. */
export const unit: Layers = {
  weights: 'conv.weight',
  ...Object.fromEntries(Object.entries(norm).map(([ours, theirs]) => [ours, `bn.${theirs}`])),
}

/** The names of all tensors, from those of their layers and of a layer's parts. */
export const tensorNames = (...kinds: readonly (readonly [layers: Layers, parts: Layers])[]): TensorNames =>
  new Map(
    kinds.flatMap(([layers, parts]) =>
      Object.entries(layers).flatMap(([ours, theirs]) => Object.entries(under(ours, theirs, parts))),
    ),
  )
