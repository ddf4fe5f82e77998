import { createHash } from 'node:crypto'
import type { Backend, Precision } from '../../../src/backends/backend.js'
import { RandomStream } from '../../../src/base/random.js'
import { sizeOf } from '../../../src/base/shape.js'
import type { Communicator } from '../../../src/communication/communicator.js'
import { inceptionV4 } from '../../../src/networks/inception-v4.js'
import { branches, named } from '../../../src/nn/combine.js'
import { conv } from '../../../src/nn/conv.js'
import { dense, dropout } from '../../../src/nn/dense.js'
import type { Network } from '../../../src/nn/network.js'
import { avgPool, globalAvgPool, maxPool } from '../../../src/nn/pool.js'
import { V2 } from '../../../src/nn/window.js'
import { paperRecipe } from '../../../src/training/recipe.js'
import { buildTrainingStep } from '../../../src/training/step.js'

export interface Training {
  readonly precision: Precision
  readonly steps: number
  /** Images of all replicas. */
  readonly batch: number
  readonly syncBatchNorm: boolean
}

export interface Trained {
  /** Of all images, by step. */
  readonly losses: readonly number[]
  /** Of all images and of the decay, clipped, in the first step, by the parameter's name. */
  readonly gradients: ReadonlyMap<string, Float32Array>
  /** Of all variables at the end. */
  readonly hash: string
}

const classes = 5

/**
 * Stem, an Inception-A, a reduction and the head of Inception-v4, with few channels. The whole network would not do: at
 * its first weights batch norms make small differences grow exponentially with depth (Yang et al., "A Mean Field Theory of
 * Batch Normalization", arXiv:1902.08129), so that f32 leaves two digits of its gradient, whoever computes it.
 */
const network: Network = {
  ...inceptionV4,
  id: 'small',
  blocks: {},
  body: d =>
    named({
      stem: conv('3x3', 8, V2),
      inception_a: branches(
        [conv('1x1', 16)],
        [conv('1x1', 8), conv('3x3', 12)],
        [conv('1x1', 8), conv('3x3', 12), conv('3x3', 12)],
        [avgPool('3x3'), conv('1x1', 10)],
      ),
      reduction_a: branches([conv('3x3', 16, V2)], [maxPool('3x3', V2)]),
      pool: globalAvgPool,
      drop: dropout,
      logits: dense(d.classes),
    }),
}

const slot = 'slot/momentum/'

/** Trains that network for a few steps on drawn images: as this replica, its part of them. */
export function trainTogether(backend: Backend, communicator: Communicator, settings: Training): Trained {
  const { rank: index, size: of } = communicator
  const { graph, loss, model } = buildTrainingStep(
    network,
    { ...paperRecipe, ...settings, optimizer: 'momentum', seed: 3 },
    { size: 23, classes },
    // What is computed twice must take the same statistics both times.
    { passes: backend.passes, recompute: 'cheap', replica: { index, of } },
  )
  using store = backend.createStore()
  using program = backend.compile(graph, { outputs: [loss], store, seed: 2, communicator, tune: false })
  const own = settings.batch / of
  const pixels = sizeOf(model.images.shape) / own
  for (let i = 0; i < own; i++) program.input('images').set(pattern(index * own + i, pixels), i * pixels)
  program.input('labels').set(Array.from({ length: own }, (_, i) => (index * own + i) % classes))
  program.input('learningRate').fill(0.01)
  program.input('normDecay').fill(0.9)
  program.input('averageDecay').fill(0.9)
  const losses: number[] = []
  let first: Trained['gradients'] | undefined
  for (let step = 0; step < settings.steps; step++) {
    program.input('step')[0] = step
    program.run()
    losses.push(program.read(loss)[0]!)
    const slots = [...store.variables.keys()].filter(name => name.startsWith(slot))
    first ??= new Map(slots.map(name => [name.slice(slot.length), store.data(name).slice()]))
  }
  const hash = createHash('sha256')
  for (const name of store.variables.keys()) hash.update(store.data(name))
  return { losses, gradients: first!, hash: hash.digest('hex') }
}

/** Images unlike each other: where all are alike, a norm over them blows up what rounding makes of them. */
function pattern(image: number, pixels: number): Float32Array {
  const stream = new RandomStream(1, 'image', image)
  const [across, down, strength] = [stream.uniform(0.01, 0.2), stream.uniform(0.01, 0.2), stream.uniform(0.2, 1)]
  const side = Math.sqrt(pixels / 3)
  return Float32Array.from({ length: pixels }, (_, i) => {
    const [x, y, colour] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side), i % 3]
    return strength * Math.sin(across * x + down * y + colour * image)
  })
}
