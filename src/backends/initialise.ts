import { RandomStream } from '../base/random.js'
import type { Variable } from '../graph/ops/source.js'

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
