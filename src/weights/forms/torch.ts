import { asHere } from '../layout.js'
import { type Layers, namesJoinedBy } from '../names.js'
import type { Form } from './form.js'

/** A state dict of PyTorch, in its own files or in safetensors. */
export const torchForm: Form = {
  framework: 'PyTorch',
  writable: true,
  layoutOf: () => asHere,
  // Training on several devices puts 'module.' before every name.
  spelling(names) {
    const prefix = names.length > 0 && names.every(name => name.startsWith('module.')) ? 'module.' : ''
    return { plain: own => own.slice(prefix.length), own: plain => prefix + plain }
  },
  besides: name => (name.endsWith('.num_batches_tracked') ? 'counters of training steps' : undefined),
}

export const { under, times, tensorNames } = namesJoinedBy('.')

/** The parts of a convolution without norm, and of a dense layer. */
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
