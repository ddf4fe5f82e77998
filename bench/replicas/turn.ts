// A few training steps of one replica on random images, by itself or under mpirun. Replica 0 prints a line of JSON.
//     mpirun -n 2 node dist/bench/replicas/turn.js --network inception-v4 --batch 4

import { parseArgs } from 'node:util'
import { openBackend } from '../../src/backends/open.js'
import { openCommunicator } from '../../src/communication/open.js'
import { allPasses } from '../../src/graph/passes/pass-names.js'
import { modelOptions } from '../../src/networks/model-spec.js'
import { findNetwork } from '../../src/networks/networks.js'
import { paperRecipe } from '../../src/training/recipe.js'
import { buildTrainingStep } from '../../src/training/step.js'

/** What a turn prints. */
export interface Turn {
  readonly replicas: number
  /** Of all replicas together. */
  readonly imagesPerSecond: number
  readonly stepMilliseconds: number
  /** A step's exchange when nothing else is done. */
  readonly exchangeMilliseconds: number
  /** Of a step: with nothing else to do but wait for the exchange. */
  readonly waitedMilliseconds: number
  /** Of a step: moving the exchange on between kernels. */
  readonly advancedMilliseconds: number
}

const { values } = parseArgs({
  options: {
    network: { type: 'string', default: 'inception-v4' },
    size: { type: 'string' },
    width: { type: 'string', default: '1' },
    batch: { type: 'string', default: '4' },
    steps: { type: 'string', default: '5' },
    precision: { type: 'string', default: 'bf16' },
    reduce: { type: 'string', default: 'f32' },
    threads: { type: 'string', default: '1' },
    'no-tune': { type: 'boolean', default: false },
  },
})
const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
const network = findNetwork(values.network)
const [local, steps] = [number(values.batch)!, number(values.steps)!]
const precision = values.precision === 'f32' ? 'f32' : 'bf16'
const reducePrecision = values.reduce === 'bf16' ? 'bf16' : 'f32'

using communicator = openCommunicator()
const replicas = communicator?.size ?? 1
const passes = new Set([...allPasses].filter(name => !(values['no-tune'] && name === 'tune')))
const backend = openBackend('onednn', () => {}, { passes, threads: number(values.threads) })
const spec = {
  network: network.id,
  classes: 1000,
  size: number(values.size) ?? network.size,
  width: number(values.width)!,
  normScale: true,
}
const recipe = { ...paperRecipe, batch: local * replicas, precision, reducePrecision } as const
const step = buildTrainingStep(network, recipe, modelOptions(spec), {
  passes: backend.passes,
  replica: { index: communicator?.rank ?? 0, of: replicas },
})
using store = backend.createStore()
using program = backend.compile(step.graph, {
  outputs: [step.loss],
  store,
  ...(communicator && { communicator }),
})
const images = program.input('images')
for (let i = 0; i < images.length; i++) images[i] = ((i * 7919) % 2000) / 1000 - 1
program.input('labels').fill(1)
program.input('learningRate')[0] = 1e-4
program.input('averageDecay')[0] = recipe.averageDecay
program.input('normDecay')[0] = recipe.normDecay

const milliseconds = (work: () => void): number => {
  communicator?.barrier()
  const start = performance.now()
  work()
  return performance.now() - start
}
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

for (let i = 0; i < 2; i++) program.run()
const before = { ...traffic() }
const times = Array.from({ length: steps }, () => milliseconds(() => program.run()))
const after = traffic()
const exchange = median(
  Array.from({ length: steps }, () =>
    milliseconds(() => {
      for (const each of program.exchanges()) each.begin()
      for (const each of program.exchanges()) each.finish()
    }),
  ),
)
const turn: Turn = {
  replicas,
  imagesPerSecond: (replicas * local * 1000) / median(times),
  stepMilliseconds: median(times),
  exchangeMilliseconds: exchange,
  waitedMilliseconds: (1000 * (after.waited - before.waited)) / steps,
  advancedMilliseconds: (1000 * (after.advanced - before.advanced)) / steps,
}
if (communicator === undefined || communicator.rank === 0) console.log(JSON.stringify(turn))

function traffic(): { waited: number; advanced: number } {
  const { waited = 0, advanced = 0 } = communicator?.traffic ?? {}
  return { waited, advanced }
}
