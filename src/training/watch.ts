import type { Backend, Precision, Program, Store } from '../backends/backend.js'
import type { Communicator } from '../communication/communicator.js'
import type { Value } from '../graph/op.js'
import { mapStatistics } from '../graph/ops/mapStatistics.js'
import { optimiseForward } from '../graph/passes/passes.js'
import { removeDead } from '../graph/passes/removeDead.js'
import { type ModelSpec, modelOptions, networkOf } from '../networks/model-spec.js'
import { buildModel } from '../nn/model.js'
import type { Frozen } from '../nn/scope.js'
import type { BlockSight, WatchEvent } from './events.js'
import type { TrainingStep } from './step.js'

export interface WatchOptions {
  readonly model: ModelSpec
  /** What the training step does not train. @default nothing */
  readonly frozen?: Frozen
  readonly precision: Precision
  /** Images a training step. */
  readonly batch: number
  readonly backend: Backend
  readonly store: Store
  /** Of the training step, in the order of its gradients' norms. */
  readonly parameterNames: readonly string[]
  /** What tells other replicas that this one is at work. @default there are none */
  readonly communicator?: Communicator | undefined
}

/** What is looked at of one block: handles of [share of zeros, root mean square] pairs. */
interface Watched {
  readonly name: string
  readonly map: Value
  readonly sum: { readonly shortcut: Value; readonly residual: Value; readonly scale: number } | undefined
}

/** Eight images of 299 × 299: enough to judge by, and little beside a training step. */
const mostPixels = 8 * 299 ** 2

/** A log of millions of steps must stay one that can be read. */
const mostTold = 1000

/** Above this share of zeros a layer says next to nothing of its input any more. */
const silentShare = 0.999

/**
 * Looks at a network in training: its own forward pass, with the statistics of the batch, over the first images of the
 * batch, with the weights as they are in the store. It changes nothing, so a run that is watched is the same run.
 */
export class Watch implements Disposable {
  readonly #program: Program
  readonly #blocks: readonly Watched[]
  readonly #last: Value
  readonly #parametersOf: ReadonlyMap<string, readonly number[]>
  /** The layer before pooling, as the text names it. */
  readonly lastLayer: string

  constructor({ model: spec, frozen, precision, batch, backend, store, parameterNames, communicator }: WatchOptions) {
    const images = Math.min(batch, Math.max(1, Math.floor(mostPixels / spec.size ** 2)))
    const options = { ...modelOptions(spec), mode: 'train', frozen, batch: images, precision, keep: 1 } as const
    const model = buildModel(networkOf(spec), options)
    const maps = [...model.endpoints].filter(([, { shape }]) => shape.length === 4)
    // A stage of several blocks ends in its last block, which has a name of its own.
    const leaves = maps.filter(([name]) => !maps.some(([other]) => other.startsWith(`${name}.`)))
    const blocks = leaves.map(([name, value]): Watched => {
      const sum = model.residuals.get(name)
      return {
        name,
        map: mapStatistics(value),
        sum: sum && { ...sum, shortcut: mapStatistics(sum.shortcut), residual: mapStatistics(sum.residual) },
      }
    })
    const pooled = mapStatistics(model.pooled)
    const wanted = [pooled, ...blocks.flatMap(({ map, sum }) => (sum ? [map, sum.shortcut, sum.residual] : [map]))]
    removeDead(model.graph, wanted)
    const renamed = optimiseForward(model.graph, wanted, backend.passes)
    this.lastLayer = model.pooled.node.scope
    this.#last = renamed(pooled)
    this.#blocks = blocks.map(({ name, map, sum }) => ({
      name,
      map: renamed(map),
      sum: sum && { ...sum, shortcut: renamed(sum.shortcut), residual: renamed(sum.residual) },
    }))
    this.#program = backend.compile(model.graph, {
      outputs: wanted.map(renamed),
      store,
      tune: false,
      ...(communicator && { communicator }),
    })
    const own = (block: string) => parameterNames.flatMap((name, i) => (name.startsWith(`${block}.`) ? [i] : []))
    this.#parametersOf = new Map(blocks.map(({ name }) => [name, own(name)]))
  }

  /**
   * One look after step number `step`: `images` is the batch as the training program got it, `norms` the norm of each
   * parameter's gradient.
   */
  look(step: number, images: Float32Array, norms: Float32Array): WatchEvent {
    const input = this.#program.input('images')
    input.set(images.subarray(0, input.length))
    this.#program.run()
    const [zeroShare, magnitude] = this.#read(this.#last)
    const blocks = this.#blocks.map(block => this.#sightOf(block, norms))
    const residualRatio = Math.max(0, ...blocks.map(block => block.residualRatio))
    return { type: 'watch', step, layer: this.lastLayer, zeroShare, magnitude, residualRatio, blocks }
  }

  #sightOf({ name, map, sum }: Watched, norms: Float32Array): BlockSight {
    const [zeroShare, magnitude] = this.#read(map)
    const residualRatio = sum
      ? (sum.scale * this.#read(sum.residual)[1]) / Math.max(this.#read(sum.shortcut)[1], Number.MIN_VALUE)
      : 0
    const gradientNorm = Math.hypot(...this.#parametersOf.get(name)!.map(i => norms[i]!))
    return { name, zeroShare, magnitude, residualRatio, gradientNorm }
  }

  #read(statistics: Value): readonly [zeroShare: number, magnitude: number] {
    const [zeroShare, magnitude] = this.#program.read(statistics)
    return [zeroShare!, magnitude!]
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]()
  }
}

/** Whether a layer gives nothing but zeros: "the last layer before the average pooling" of a network that died. */
export const isSilent = ({ zeroShare }: Pick<WatchEvent, 'zeroShare'>): boolean => zeroShare > silentShare

/** Looks at the network every so many steps. It is compiled for the first look, so that it keeps no step waiting before. */
export class Lookout implements Disposable {
  readonly #options: WatchOptions
  readonly #every: number
  #watch: Watch | undefined

  constructor(options: WatchOptions, every: number) {
    this.#options = options
    this.#every = every
  }

  due(step: number): boolean {
    return this.#every > 0 && step % this.#every === 0
  }

  /** Whether a look is told: all that find a network silent, and of the others about a thousand in a run of `steps`. */
  tells(sight: WatchEvent, steps: number): boolean {
    const look = sight.step / this.#every
    return isSilent(sight) || look % Math.ceil(steps / this.#every / mostTold) === 0
  }

  /** `program` has just run `step`; see `Watch`. */
  look(done: number, program: Program, step: TrainingStep): WatchEvent {
    this.#watch ??= new Watch(this.#options)
    return this.#watch.look(done, program.input('images') as Float32Array, program.read(step.norms))
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]()
  }
}
