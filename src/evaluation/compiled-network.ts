import type { Backend, Precision, Program, Store } from '../backends/backend.js'
import { inStore } from '../backends/initialise.js'
import type { Communicator } from '../communication/communicator.js'
import type { Extent } from '../data/crops/protocol.js'
import type { Value } from '../graph/op.js'
import { type Variable, variableOf } from '../graph/ops/source.js'
import { optimiseOutputs } from '../graph/passes/passes.js'
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
  /** Whether the features can be read as well. @default false */
  readonly features?: boolean
  /** What tells other replicas that this one is at work. @default there are none */
  readonly communicator?: Communicator | undefined
}

/**
 * Makes room in the store for the variables of a network, and gives their names there. Errors: UserError where images of
 * this extent are too small for the network.
 */
export function declareNetwork(
  options: Pick<CompiledNetworkOptions, 'model' | 'store' | 'extent' | 'averages'>,
): string[] {
  const { model, store, extent, averages } = options
  return evaluationVariables(model, extent).map(variable => {
    const declared = inStore(variable, averages ? averageName : name => name)
    store.declare(declared, 0)
    return declared.name
  })
}

/** The variables of a network in evaluation. Errors: UserError where images of this extent are too small for it. */
export function evaluationVariables(model: ModelSpec, extent: Extent): Variable[] {
  const { graph } = buildModel(networkOf(model), { ...modelOptions(model), size: extent, mode: 'eval', batch: 1 })
  return graph.nodes.flatMap(({ outputs }) => Object.values(outputs).flatMap(value => variableOf(value) ?? []))
}

/** A network compiled to predict images of one size, a batch at a time. */
export class CompiledNetwork implements Disposable {
  readonly batch: number
  readonly classes: number
  readonly #program: Program
  readonly #logits: Value
  readonly #features: Value | undefined
  readonly #preprocessing: Preprocessing
  readonly #input: Float32Array

  /** Errors: UserError where the images are too small for the network. */
  constructor(options: CompiledNetworkOptions) {
    const { model, backend, precision, store, extent, batch, tune, communicator } = options
    const network = networkOf(model)
    const built = buildModel(network, { ...modelOptions(model), size: extent, mode: 'eval', batch, precision })
    this.batch = batch
    this.classes = model.classes
    this.#preprocessing = network.preprocessing
    const wanted = options.features ? [built.logits, built.features] : [built.logits]
    const outputs = optimiseOutputs(built.graph, wanted, backend.passes)
    this.#logits = outputs[0]!
    this.#features = outputs[1]
    this.#program = backend.compile(built.graph, {
      outputs,
      store,
      tune,
      ...(options.averages && { bind: averageName }),
      ...(communicator && { communicator }),
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

  /** Features [batch, channels] of the last run: what global pooling gave. */
  features(): Float32Array {
    if (!this.#features) throw new Error('the network was compiled without its features')
    return this.#program.read(this.#features)
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]()
  }
}
