import type { ImageSet } from '../data/class-folder.js'
import type { Replicas } from '../training/replicas/replicas.js'
import { Collection } from './collection.js'
import { decodeRecord, encodeRecord, type KeptPrediction, recordBytes } from './kept-predictions.js'
import type { Plan } from './plan.js'
import { turns } from './share.js'

/** Bytes that each replica sends at a time. */
const pieceBytes = 4 * 2 ** 20

/**
 * What the replicas have predicted together, in the order of a single process, and so with its bits; on all replicas.
 *
 * @param own what this replica has predicted, in its order
 */
export function gatherPredictions(
  own: readonly KeptPrediction[],
  plan: Plan,
  images: ImageSet,
  classes: number,
  replicas: Replicas,
): Collection {
  const length = recordBytes(classes)
  const recordsAtOnce = Math.max(1, Math.floor(pieceBytes / length))
  const most = Math.max(...replicas.gather(own.length))
  const predicted: KeptPrediction[][] = Array.from({ length: replicas.size }, () => [])
  for (let from = 0; from < most; from += recordsAtOnce) {
    const piece = Buffer.concat(own.slice(from, from + recordsAtOnce).map(one => encodeRecord(one, classes)))
    for (const [rank, bytes] of replicas.gatherBytes(piece).entries())
      for (let at = 0; at < bytes.length; at += length) {
        const one = decodeRecord(bytes.subarray(at, at + length), new Float32Array(classes))
        if (one === undefined) throw new Error(`a prediction came damaged from ${replicas.name(rank)}`)
        predicted[rank]!.push(one)
      }
  }
  const collection = new Collection(plan, images, classes)
  const next = predicted.map(() => 0)
  for (const number of plan.parts.keys())
    for (const rank of turns(number, replicas.size))
      for (let one = predicted[rank]![next[rank]!]; one?.part === number; one = predicted[rank]![++next[rank]!])
        if (!collection.take(one)) throw new Error(`image ${one.image} of part ${number} was predicted out of turn`)
  return collection
}
