import { UserError } from '../base/error.js'
import { deriveKey, threefry2x32 } from '../base/random.js'
import { formatShape, sameShape } from '../base/shape.js'
import type { Initial, Variable } from '../graph/ops/source.js'
import { truncatedNormalQuantile } from './normal-quantile.js'

/** A variable that is declared again, by another graph over the same store, must be of the same shape. */
export function expectSameShape(known: Variable, again: Variable): void {
  if (!sameShape(known.shape, again.shape))
    throw new UserError(
      `variable '${again.name}' is ${formatShape(known.shape)} in the store and ${formatShape(again.shape)} in the network`,
    )
}

/** A graph's variable under its name in the store. */
export function inStore(variable: Variable, bind: (name: string) => string): Variable {
  const { name, initial } = variable
  return {
    ...variable,
    name: bind(name),
    initial: initial.kind === 'copy' ? { ...initial, of: bind(initial.of) } : initial,
  }
}

/** First values that are drawn at random. */
export type Drawn = Exclude<Initial, { readonly kind: 'constant' | 'copy' }>

/** The key of a variable's random first values: a pure function of the seed and the variable's name. */
export const initialKey = (seed: number, name: string): [number, number] => deriveKey(seed, 'initial', name)

/**
 * Fills `data` with random first values. Each is a pure function of the key and its own place, so that threads may make
 * them in any order: the kernels `uniform` and `truncatedNormal` of `simd/` make the same ones, bit for bit.
 *
 * Eight elements share four draws of two words each: elements 8k + j and 8k + 4 + j, for j below 4, take the first and
 * the second word of counter 4k + j. A word read as a signed integer s gives v = (s + ½)/2³², uniform in (−½, ½) and
 * symmetric. All is computed in f64 and rounded to f32 once.
 */
export function draw(initial: Drawn, [k0, k1]: readonly [number, number], data: Float32Array): void {
  const value = valueFrom(initial)
  for (let first = 0; first < data.length; first += 8)
    for (let i = first; i < first + 4; i++) {
      const [a, b] = threefry2x32(k0, k1, i - first / 2, 0)
      // What falls past the end of a typed array is dropped.
      data[i] = value(a)
      data[i + 4] = value(b)
    }
}

/** An element's value from its word. */
function valueFrom(initial: Drawn): (word: number) => number {
  const v = (word: number) => ((word | 0) + 0.5) * 2 ** -32
  if (initial.kind === 'uniform') return word => v(word) * (2 * initial.limit)
  return word => truncatedNormalQuantile(v(word)) * initial.deviation
}
