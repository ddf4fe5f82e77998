import type { Backend, Store } from '../../backends/backend.js'
import { UserError } from '../../base/error.js'
import { classNames, draw } from '../../data/synth/scene.js'
import { CompiledNetwork } from '../../evaluation/compiled-network.js'
import { type ModelSpec, networkOf } from '../../networks/model-spec.js'
import { normalisationOf, toPixelValues } from '../normalisation.js'
import { inputName } from './checkpoint-model.js'
import type { OnnxSession } from './runtime.js'

const count = 3

/** A few drawn images, and what the network makes of them here, in f32. */
export interface Probe {
  /** [count, 3, size, size] */
  readonly pixels: Float32Array
  readonly size: number
  /** [count, classes] */
  readonly logits: Float32Array
}

/** How far another program's logits are from ours. */
export interface Difference {
  /** The largest in any logit. */
  readonly largest: number
  /** That, over the magnitude of the largest logit. */
  readonly relative: number
}

/** Errors: UserError where the network's logits are no numbers. */
export function probeOf(model: ModelSpec, backend: Backend, store: Store): Probe {
  const { size } = model
  const normalisation = normalisationOf(networkOf(model).preprocessing)
  const extent = { width: size, height: size }
  const compiled = { model, backend, store, extent, precision: 'f32', averages: false, tune: false } as const
  using network = new CompiledNetwork({ ...compiled, batch: count })
  const pixels = new Float32Array(count * 3 * size ** 2)
  for (const [i, className] of classNames(count).entries()) {
    const { rgb } = draw({ seed: 1, split: 'val', className, index: i, size, difficulty: 0.5 })
    const image = Float32Array.from(rgb, value => value / 127.5 - 1)
    network.feed(image, i)
    toPixelValues(image, normalisation, pixels.subarray(i * image.length, (i + 1) * image.length))
  }
  const logits = network.run()
  if (!logits.every(Number.isFinite))
    throw new UserError(`the logits of this ${model.network} are not all numbers: export another checkpoint`)
  return { pixels, size, logits }
}

/** Runs the probe one image at a time and all at once. */
export async function compare(session: OnnxSession, { pixels, size, logits }: Probe): Promise<Difference> {
  const magnitude = logits.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  let largest = 0
  for (const batch of [1, count])
    for (let first = 0; first < count; first += batch) {
      const data = pixels.subarray(first * 3 * size ** 2, (first + batch) * 3 * size ** 2)
      const result = await session.run({ [inputName]: { shape: [batch, 3, size, size], data } })
      const got = result.get(session.outputs[0]!)!
      const wanted = logits.subarray((first * logits.length) / count, ((first + batch) * logits.length) / count)
      if (got.length !== wanted.length) throw new Error(`${got.length} logits where there are ${wanted.length} here`)
      for (const [i, x] of got.entries()) {
        const difference = Math.abs(x - wanted[i]!)
        largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference)
      }
    }
  return { largest, relative: largest === 0 ? 0 : largest / magnitude }
}
