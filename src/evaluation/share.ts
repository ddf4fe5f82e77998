import { viewCount } from '../data/preprocessing.js'
import type { Replicas } from '../training/replicas/replicas.js'
import type { Part, Plan } from './plan.js'

/**
 * The part of an evaluation that one replica makes. Images are divided where, in a single process, a batch would begin:
 * then every view stands at the same place of a batch, and the predictions are the same bits.
 */
export const shareOf = ({ parts, unreadable }: Plan, replicas: Pick<Replicas, 'rank' | 'size'>): Plan => ({
  parts: parts.map((part, number) => {
    const [from, to] = rangeOf(part, number, replicas.rank, replicas.size)
    return { ...part, images: part.images.slice(from, to) }
  }),
  unreadable,
})

/** The ranks of the replicas in the order of what they have of a part. */
export const turns = (number: number, replicas: number): readonly number[] =>
  Array.from({ length: replicas }, (_, turn) => (turn + number) % replicas)

/** Small parts go to one replica each, in turn. */
function rangeOf(part: Part, number: number, rank: number, replicas: number): readonly [from: number, to: number] {
  const views = viewCount(part.preprocessing)
  const unit = part.batch / greatestCommonDivisor(part.batch, views)
  const units = Math.ceil(part.images.length / unit)
  const turn = turns(number, replicas).indexOf(rank)
  // Rounded up, so that the first has something to do wherever there is anything.
  const firstOf = (turn: number) => Math.min(part.images.length, unit * Math.ceil((turn * units) / replicas))
  return [firstOf(turn), firstOf(turn + 1)]
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))
