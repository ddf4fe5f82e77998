import { asHere, hwio, type Layout, transposed } from '../layout.js'
import { type Layers, namesJoinedBy } from '../names.js'
import type { Form } from './form.js'

const layouts: readonly (Layout | undefined)[] = [undefined, undefined, transposed, undefined, hwio]

/** Endings of names that TensorFlow's optimisers, running averages and losses add (tensorflow/python/training). */
const besides: readonly (readonly [ending: RegExp, what: string])[] = [
  [/(^|\/)global_step$/, 'counters of training steps'],
  [/\/(biased|local_step)$/, 'parts of running averages'],
  [/\/avg$/, 'running averages of losses'],
  [/\/mean_rgb$/, 'means of pixels'],
  [/(^|\/)(beta[12]_power|RMSProp|Momentum|Adam|Adagrad|Adadelta|Ftrl)(_\d+)?$/, 'slots of an optimiser'],
]

/** The variables of a TensorFlow 1 graph, in a checkpoint of either kind. */
export const tensorflowForm: Form = {
  framework: 'TensorFlow',
  writable: false,
  layoutOf: here => layouts[here.length] ?? asHere,
  average: '/ExponentialMovingAverage',
  besides: name => besides.find(([ending]) => ending.test(name))?.[1],
}

export const { under, times, tensorNames } = namesJoinedBy('/')

// Slim's layers (tf_slim/layers/layers.py), and those of the library of the same name before it.

/** A convolution with batch norm; the norm's scale, `gamma`, is off by default. */
export const unit: Layers = {
  weights: 'weights',
  'norm.scale': 'BatchNorm/gamma',
  'norm.shift': 'BatchNorm/beta',
  'norm.mean': 'BatchNorm/moving_mean',
  'norm.variance': 'BatchNorm/moving_variance',
}

/** A convolution without norm, and a dense layer. */
export const plain: Layers = { weights: 'weights', bias: 'biases' }
