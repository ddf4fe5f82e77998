import { UserError } from '../../../../base/error.js'
import { formatBytes, formatTable } from '../../../../base/format.js'
import { reducePrecisions } from '../../../../communication/communicator.js'
import type { Json } from '../../../../formats/json.js'
import { modelOptions, networkOf } from '../../../../networks/model-spec.js'
import { findNetwork } from '../../../../networks/networks.js'
import { buildModel } from '../../../../nn/model.js'
import { measureExchange } from '../../../../study/bench/exchange-speed.js'
import { describeMachine } from '../../../../study/machine.js'
import { expectSame, factsOf } from '../../../../training/replicas/agreement.js'
import type { Replicas } from '../../../../training/replicas/replicas.js'
import { modelSpec } from '../../../model-of-flags.js'
import { asReplica } from '../../../replicas.js'
import type { Flags } from '../communication.js'

const mebibyte = 2 ** 20

export const measureCommunication = (flags: Flags): Promise<void> =>
  asReplica(flags.replicaTimeout, async ({ replicas }) => run(flags, replicas))

function run(flags: Flags, replicas: Replicas): void {
  expectSame(replicas, factsOf(JSON.parse(JSON.stringify(flags)) as Json))
  const spec = modelSpec(findNetwork(flags.network).id, flags.classes, flags)
  const { communicator } = replicas
  if (communicator === undefined)
    throw new UserError("one replica has nobody to speak with: 'mpirun -n 2 inception bench communication'", 2)
  const { parameters } = buildModel(networkOf(spec), {
    ...modelOptions(spec),
    ...{ mode: 'train', batch: 1, precision: 'f32', keep: 1 },
  })
  // The backward part makes the gradients of the last layers first.
  const shapes = parameters.map(({ shape }) => shape).reverse()
  const { warmup, runs } = flags
  const precisions = flags.reducePrecision ? [flags.reducePrecision] : reducePrecisions
  const figures = flags.bucket.flatMap(bucket =>
    precisions.map(precision => {
      const bucketBytes = bucket * mebibyte
      const measured = measureExchange(communicator, { shapes, precision, bucketBytes, warmup, runs })
      const { milliseconds, busy } = measured
      return { precision, bucketBytes, ...measured, milliseconds: spread(milliseconds), busy: spread(busy) }
    }),
  )
  if (communicator.rank !== 0) return
  const { title, size, hosts } = communicator
  const machine = describeMachine(title)
  if (flags.json) {
    const about = { network: spec.network, replicas: size, hosts }
    console.log(JSON.stringify({ work: 'communication', ...about, runs, figures, machine }, undefined, 2))
    return
  }
  const rows = figures.map(({ precision, bucketBytes, buckets, bytes, milliseconds: { min, median, max }, busy }) => {
    const sent = precision === 'bf16' ? bytes / 2 : bytes
    return [
      precision,
      `${buckets} of ≤ ${bucketBytes / mebibyte} MiB`,
      formatBytes(sent),
      min.toFixed(1),
      median.toFixed(1),
      max.toFixed(1),
      busy.median.toFixed(1),
      // What any all-reduce has to send and receive at the least, so that figures of any number compare.
      ((2 * (size - 1) * sent) / size / (median * 1e6)).toFixed(2),
    ]
  })
  console.log(formatTable([spec.network, 'buckets', 'bytes', 'min ms', 'median', 'max', 'processor ms', 'GB/s'], rows))
  console.log(
    `${size} replicas on ${new Set(hosts).size} hosts by ${title}; ${machine.processor}, ${machine.cores} cores, Node ${machine.node}; ${runs} runs`,
  )
}

interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const median = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
  return { min: sorted[0]!, median, max: sorted.at(-1)! }
}
