import { UserError } from '../base/error.js'
import { RandomStream } from '../base/random.js'
import { formatShape, sameShape } from '../base/shape.js'
import type { Variable } from '../graph/ops/source.js'

/** A variable that is declared again, by another graph over the same store, must be of the same shape. */
export function expectSameShape(known: Variable, again: Variable): void {
  if (!sameShape(known.shape, again.shape))
    throw new UserError(
      `variable '${again.name}' is ${formatShape(known.shape)} in the store and ${formatShape(again.shape)} in the network`,
    )
}

/** Fills a variable with its first values: a pure function of the seed and the variable's name. */
export function initialise({ name, initial }: Variable, seed: number, data: Float32Array): void {
  if (initial.kind === 'constant') {
    data.fill(initial.value)
    return
  }
  const stream = new RandomStream(seed, 'initial', name)
  if (initial.kind === 'uniform')
    for (let i = 0; i < data.length; i++) data[i] = stream.uniform(-initial.limit, initial.limit)
  else for (let i = 0; i < data.length; i++) data[i] = initial.deviation * stream.truncatedNormal()
}
