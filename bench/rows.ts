import { firstStep, latency, neighbour, ofTheLimit, optimizer } from './own.js'
import { onnxRuntime, tfjs } from './peers/node-peers.js'
import type { TorchType } from './peers/torch.js'
import { type Opponent, type Race, race } from './race.js'
import type { Row, Target } from './row.js'

// The target table, all of it. A row here is a row of the tables in bench/README.md.

const networks = ['inception-v3', 'inception-v4', 'inception-resnet-v2-slim']

/** PyTorch in the fastest of these types; `compile` needs PyTorch 2. */
const torch = (types: readonly TorchType[], targets: Omit<Opponent, 'contestants'>, compile = false): Opponent => ({
  contestants: ({ torch, material }) =>
    types.map(type => torch.contestant(type, network => material.described(network), compile)),
  ...targets,
})
const onnx = (speed: Target): Opponent => ({ contestants: ({ material }) => [onnxRuntime(material)], speed })
const tensorflowJs: Opponent = { contestants: ({ material }) => [tfjs(material)], speed: { atLeast: 1 } }

const bf16 = ['bf16', 'bf16-pure'] as const
/** Memory is compared with weights in f32, as ours are: with weights and optimiser in bf16 something else is computed. */
const memory: Opponent = {
  ...torch(['bf16'], { speed: { atLeast: 2 }, peakMemory: { atMost: 0.65 }, recomputed: { atMost: 0.5 } }),
}

/** One race for each network. Long ones run fewer times a round. */
const races = (common: Omit<Race, 'network' | 'warmup' | 'runs'>, warmup: number, runs: number): Row[] =>
  networks.map(network => race({ ...common, network, warmup, runs }))

const train = { work: 'train' } as const
const infer = { work: 'infer' } as const

export const rows: readonly Row[] = [
  ...races({ ...train, precision: 'bf16', batch: 8, against: [torch(bf16, { speed: { atLeast: 2 } })] }, 1, 3),
  ...races(
    { ...train, precision: 'bf16', batch: 32, against: [torch(['bf16-pure'], { speed: { atLeast: 2 } }), memory] },
    1,
    1,
  ),
  ...races({ ...train, precision: 'f32', batch: 8, against: [torch(['f32'], { speed: { atLeast: 1.3 } })] }, 1, 2),
  ...races({ ...train, precision: 'f32', batch: 32, against: [torch(['f32'], { speed: { atLeast: 1.3 } })] }, 1, 1),
  ...races(
    {
      ...{ ...infer, precision: 'bf16', batch: 8, goal: 60 },
      against: [torch(bf16, { speed: { atLeast: 2 } }), torch(['bf16-pure'], {}, true), onnx({ atLeast: 5 })],
    },
    2,
    5,
  ),
  ...races({ ...infer, precision: 'f32', batch: 1, against: [onnx({ atLeast: 1 }), tensorflowJs] }, 2, 5),
  ...races({ ...infer, precision: 'f32', batch: 8, against: [onnx({ atLeast: 1 }), tensorflowJs] }, 1, 3),
  ...networks.map(network => ofTheLimit('train', network, 1.4)),
  ...networks.map(network => ofTheLimit('infer', network, 1.3)),
  optimizer,
  firstStep('inception-resnet-v2-slim'),
  latency('inception-v4'),
  latency('inception-resnet-v2-slim'),
  neighbour,
]
