import type { Backend, Precision, Program, Store } from '../backends/backend.js'
import { inStore } from '../backends/initialise.js'
import type { Extent } from '../data/crops/protocol.js'
import type { Value } from '../graph/op.js'
import { variableOf } from '../graph/ops/source.js'
import { optimiseInference } from '../graph/passes/passes.js'
import { feedImages } from '../networks/feed.js'
import { type ModelSpec, modelOptions, networkOf } from '../networks/model-spec.js'
import { buildModel } from '../nn/model.js'
import type { Preprocessing } from '../nn/network.js'
import { averageName } from '../optim/average.js'

export interface CompiledNetworkOptions {
  readonly model: ModelSpec
  readonly backend: Backend
  readonly precision: Precision
  readonly store: Store
  /** Use the running averages in the store rather than the variables themselves. */
  readonly averages: boolean
  readonly extent: Extent
  /** Images at a time. */
  readonly batch: number
  readonly tune: boolean
}

/**
 * Makes room in the store for the variables of a network, and gives their names there. Errors: UserError where images of
 * this extent are too small for the network.
 */
export function declareNetwork(
  options: Pick<CompiledNetworkOptions, 'model' | 'store' | 'extent' | 'averages'>,
): string[] {
  const { model, store, extent, averages } = options
  const { graph } = buildModel(networkOf(model), { ...modelOptions(model), size: extent, mode: 'eval', batch: 1 })
  const names: string[] = []
  for (const { outputs } of graph.nodes)
    for (const value of Object.values(outputs)) {
      const variable = variableOf(value)
      if (!variable) continue
      const declared = inStore(variable, averages ? averageName : name => name)
      store.declare(declared, 0)
      names.push(declared.name)
    }
  return names
}

/** A network compiled to predict images of one size, a batch at a time. */
export class CompiledNetwork implements Disposable {
  readonly batch: number
  readonly classes: number
  readonly #program: Program
  readonly #logits: Value
  readonly #preprocessing: Preprocessing
  readonly #input: Float32Array

  /** Errors: UserError where the images are too small for the network. */
  constructor(options: CompiledNetworkOptions) {
    const { model, backend, precision, store, extent, batch, tune } = options
    const network = networkOf(model)
    const built = buildModel(network, { ...modelOptions(model), size: extent, mode: 'eval', batch, precision })
    this.batch = batch
    this.classes = model.classes
    this.#preprocessing = network.preprocessing
    this.#logits = optimiseInference(built.graph, built.logits, backend.passes)
    this.#program = backend.compile(built.graph, {
      outputs: [this.#logits],
      store,
      tune,
      ...(options.averages && { bind: averageName }),
    })
    this.#input = this.#program.input('images') as Float32Array
  }

  /** Puts an image [height, width, 3], values in [−1, 1], into a place of the batch. */
  feed(image: Float32Array, row: number): void {
    feedImages(image, this.#preprocessing, this.#input.subarray(row * image.length, (row + 1) * image.length))
  }

  /** Logits [batch, classes] of the images fed. */
  run(): Float32Array {
    this.#program.run()
    return this.#program.read(this.#logits)
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]()
  }
}
