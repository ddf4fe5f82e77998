// One replica: trains with all others. The first trains on the images of all by itself besides, and prints how far apart
// the two are, as one line of JSON.
import type { Precision } from '../../../src/backends/backend.js'
import { openBackend } from '../../../src/backends/open.js'
import { openCommunicator } from '../../../src/communication/open.js'
import { soloCommunicator } from '../../../src/communication/solo.js'
import { trainTogether } from './synchronised-training.js'

/** Relative distances to the training of a single replica. */
export interface Apart {
  readonly precision: Precision
  readonly synchronised: boolean
  /** By step. */
  readonly losses: readonly number[]
  /** Of the first step: ‖got − wanted‖ / ‖wanted‖ of the parameter whose gradient is furthest off. */
  readonly gradient: number
  /** Of each replica's variables at the end. */
  readonly hashes: readonly string[]
}

using communicator = openCommunicator({ timeoutSeconds: 60 })
if (!communicator) throw new Error('start this by mpirun')
const backend = openBackend('auto', () => {}, { threads: 1 })
const found: Apart[] = []
for (const [precision, synchronised] of [
  ['f32', true],
  ['bf16', true],
  ['f32', false],
] as const) {
  const settings = { precision, steps: 4, batch: 8, syncBatchNorm: synchronised }
  const got = trainTogether(backend, communicator, settings)
  const hashes = communicator.allGather(Buffer.from(got.hash)).map(hash => Buffer.from(hash).toString())
  if (communicator.rank > 0) continue
  const wanted = trainTogether(backend, soloCommunicator(), settings)
  const distances = [...wanted.gradients].map(([name, gradient]) => distance(got.gradients.get(name)!, gradient))
  found.push({
    precision,
    synchronised,
    losses: wanted.losses.map((loss, step) => Math.abs(got.losses[step]! / loss - 1)),
    gradient: Math.max(...distances),
    hashes,
  })
}
if (communicator.rank === 0) console.log(JSON.stringify(found))

function distance(got: Float32Array, wanted: Float32Array): number {
  const norm = (numbers: Float32Array) => Math.hypot(...numbers)
  return norm(got.map((x, i) => x - wanted[i]!)) / norm(wanted)
}
