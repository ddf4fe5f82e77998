import { formatPercent } from '../src/base/format.js'
import { quiet, waitForQuiet, watchNeighbours } from './neighbours.js'
import { type Contestant, median, type Sample, type Task } from './peers/peer.js'
import type { Setting, Skipped } from './row.js'

/** What a contestant did, a sample a round. */
export interface Series {
  readonly title: string
  readonly samples: readonly Sample[]
}

export interface Rounds {
  readonly ours: Series
  readonly peers: readonly (Series | undefined)[]
  readonly skipped: readonly Skipped[]
  /** The largest share of the machine's cores that other processes had during a turn. */
  readonly neighbours: number
}

/**
 * Runs everyone in turn, `rounds` times: ours, a peer, the next peer, ours … so that what else happens on the machine
 * meets all alike. A peer that fails is left out from then on; its place in `peers` is undefined. Throws where we fail.
 */
export async function sideBySide(
  ours: Contestant,
  peers: readonly Contestant[],
  task: Task,
  { rounds, patience, say }: Pick<Setting, 'rounds' | 'patience' | 'say'>,
): Promise<Rounds> {
  const mine: Sample[] = []
  const theirs = new Map<Contestant, Sample[]>(peers.map(peer => [peer, []]))
  const skipped: Skipped[] = []
  let neighbours = 0
  const take = async (contestant: Contestant, into: Sample[], round: number) => {
    const { sample, share } = await turn(contestant, task, patience)
    neighbours = Math.max(neighbours, share)
    into.push(sample)
    const disturbed = share > quiet ? `, others used ${formatPercent(share)} of the cores` : ''
    say(`  round ${round + 1} of ${rounds}: ${contestant.title} ${sample.milliseconds.toFixed(0)} ms${disturbed}`)
  }
  for (let round = 0; round < rounds; round++) {
    await take(ours, mine, round)
    for (const [peer, samples] of theirs)
      try {
        await take(peer, samples, round)
      } catch (error) {
        theirs.delete(peer)
        skipped.push({ what: peer.title, why: (error as Error).message })
        say(`  skipped: ${peer.title}: ${(error as Error).message}`)
      }
  }
  const seriesOf = (peer: Contestant) => {
    const samples = theirs.get(peer)
    return samples && { title: peer.title, samples }
  }
  return { ours: { title: ours.title, samples: mine }, peers: peers.map(seriesOf), skipped, neighbours }
}

/** One turn on a quiet machine if possible; when a neighbour came in between, once more, and the quieter one counts. */
async function turn(contestant: Contestant, task: Task, patience: number) {
  const run = async () => {
    await waitForQuiet(patience)
    const others = watchNeighbours()
    const sample = await contestant.run(task)
    return { sample, share: others() ?? 0 }
  }
  const first = await run()
  if (first.share <= quiet || patience === 0) return first
  const second = await run()
  return first.share <= second.share ? first : second
}

export const millisecondsOf = ({ samples }: Series): number => median(samples.map(({ milliseconds }) => milliseconds))

export const peakMemoryOf = ({ samples }: Series): number =>
  median(samples.map(({ peakMemoryBytes }) => peakMemoryBytes))

/** How many times as fast the first is, round by round. */
export function speedRatio(ours: Series, theirs: Series): { readonly ratio: number; readonly spread: number } {
  const ratios = theirs.samples.map(({ milliseconds }, round) => milliseconds / ours.samples[round]!.milliseconds)
  return { ratio: median(ratios), spread: Math.max(...ratios) / Math.min(...ratios) }
}

/** The one with the least of a measure. */
export const least = (several: readonly Series[], measure: (series: Series) => number): Series | undefined =>
  several.toSorted((a, b) => measure(a) - measure(b))[0]
