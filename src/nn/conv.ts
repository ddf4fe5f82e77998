import { featureMap, type Value } from '../graph/op.js'
import { conv2d } from '../graph/ops/convolution.js'
import { relu } from '../graph/ops/relu.js'
import { batchNorm } from './norm.js'
import { type Initialiser, type Layer, layer, type Scope } from './scope.js'
import { type Kernel, kernelSize, type Padding, windowOver } from './window.js'

export type ConvOptions = Padding & {
  /** Groups of channels; 'depthwise' gives each input channel its own. @default 1 */
  readonly groups?: 'depthwise'
  /** Batch norm after the convolution (which then has no bias). @default true */
  readonly norm?: boolean
  /** A bias besides the norm, as Caffe's BN-Inception has. @default the opposite of `norm` */
  readonly bias?: boolean
  /** ReLU at the end. @default true */
  readonly act?: boolean
  /** First weights. @default the network's own */
  readonly initial?: Initialiser
}

/** A convolution without norm and activation, with bias: what the figures print "Linear". */
export const Linear = { norm: false, act: false } as const

/** Convolution, batch norm, ReLU: the unmarked box of the figures, written as they print it ("1x7 Conv (224)"). */
export const conv = (kernel: Kernel, filters: number, options: ConvOptions = {}): Layer =>
  layer(kernel, (x, at) => convTo(at.channels(filters), kernel, options, x, at))

/** A depthwise convolution: every channel gives `multiplier` channels of its own. No bias, no norm, no activation. */
export const depthwise = (
  kernel: Kernel,
  multiplier: number,
  options: Padding & { readonly initial?: Initialiser },
): Layer =>
  layer(kernel, (x, at) =>
    convTo(featureMap(x)[1] * multiplier, kernel, { ...options, ...Linear, bias: false, groups: 'depthwise' }, x, at),
  )

/** The 1×1 "Linear" convolution at the end of a residual body: always to the channels that it will be added to. */
export const expandTo = (channels: number): Layer => layer('expand', (x, at) => convTo(channels, '1x1', Linear, x, at))

/**
 * A fully connected layer with batch norm and neither bias nor ReLU, on a map of one place, where it is a 1×1 convolution:
 * [N,C,1,1] → [N,units,1,1]. `width` does not touch its units.
 */
export const normalisedDense = (units: number): Layer =>
  layer('dense', (x, at) => convTo(units, '1x1', { act: false }, x, at))

function convTo(filters: number, kernel: Kernel, options: ConvOptions, x: Value, at: Scope): Value {
  const { norm = true, act = true, bias = !norm, initial = at.settings.initial } = options
  const [, channels, height, width] = featureMap(x)
  const groups = options.groups === 'depthwise' ? channels : 1
  const [kh, kw] = kernelSize(kernel)
  const area = kh * kw
  const weights = at.parameter(
    'weights',
    [filters, channels / groups, kh, kw],
    initial((channels / groups) * area, (filters / groups) * area),
    true,
  )
  const offset = bias ? at.parameter('bias', [filters], { kind: 'constant', value: 0 }) : undefined
  let y = conv2d(x, weights, offset, { ...windowOver(height, width, kernel, options), groups })
  if (norm) y = batchNorm(y, at.child('norm'))
  return act ? relu(y) : y
}
