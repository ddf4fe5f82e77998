import type { Shape } from '../../src/base/shape.js'
import type { Golden } from '../golden/golden.js'
import { synthesise } from '../golden/synthetic.js'

export interface Numbers {
  readonly shape: Shape
  readonly values: Float32Array<ArrayBuffer>
}

/** The formula's numbers of a variable of ours, in the shape that the golden file gives. */
export function goldenWeights({ names, oracle }: Golden): (ours: string) => Numbers {
  const keys = new Map(oracle.keys.map(([key, shape, kind]) => [key, { shape, kind }]))
  return ours => {
    const key = names.get(ours)!
    const { shape, kind } = keys.get(key)!
    return { shape, values: Float32Array.from(synthesise(key, shape, kind, oracle.g, 0)) }
  }
}

/**
 * The same without the norm's scale, as TensorFlow's Inception networks have it: s · (Wx − m) / d is (sWx − sm) / d, so
 * the convolution before the norm and its running mean take the scale over.
 */
export function scalelessWeights(golden: Golden): (ours: string) => Numbers {
  const weights = goldenWeights(golden)
  return ours => {
    const { shape, values } = weights(ours)
    const scale = ours.replace(/(\.norm\.mean|\.weights)$/, '.norm.scale')
    if (scale === ours || !golden.names.has(scale)) return { shape, values }
    const scales = weights(scale).values
    const inner = values.length / scales.length
    return { shape, values: values.map((value, i) => value * scales[Math.floor(i / inner)]!) }
  }
}
