import { ours } from './peers/ours.js'
import type { Contestant } from './peers/peer.js'
import { least, millisecondsOf, peakMemoryOf, type Rounds, type Series, sideBySide, speedRatio } from './rounds.js'
import type { Comparison, Measurement, Row, Setting, Target } from './row.js'

/** A peer to be compared with. Where it can do the work in several ways, the best of them counts. */
export interface Opponent {
  readonly contestants: (setting: Setting) => readonly Contestant[]
  readonly speed?: Target
  readonly peakMemory?: Target
  /** Our peak memory with `--recompute` over theirs. */
  readonly recomputed?: Target
}

export interface Race {
  readonly work: 'train' | 'infer'
  readonly network: string
  readonly batch: number
  readonly precision: 'f32' | 'bf16'
  readonly warmup: number
  readonly runs: number
  readonly against: readonly Opponent[]
  /** Images a second that we want in any case. */
  readonly goal?: number
}

/** A row that times us and peers at the same work side by side. */
export const race = (race: Race): Row => ({
  id: [race.work, `b${race.batch}`, race.precision, race.network].join('-'),
  table: `${race.work === 'train' ? 'Training' : 'Inference'}, ${race.precision}`,
  title: `${race.network}, batch ${race.batch}`,
  measure: setting => measure(race, setting),
})

async function measure(race: Race, setting: Setting): Promise<Measurement> {
  const task = { ...race, threads: setting.threads }
  const peers = race.against.map(opponent => opponent.contestants(setting))
  const { precision, batch, goal } = race
  const rounds = await sideBySide(ours(precision), peers.flat(), task, setting)
  const taken: Comparison[] = []
  const skipped = [...rounds.skipped]
  const speed = (series: Series) => (1000 * batch) / millisecondsOf(series)
  if (goal !== undefined) {
    const mine = speed(rounds.ours)
    const numbers = { ours: mine, theirs: goal, ratio: mine / goal }
    taken.push({ what: 'speed', against: 'the goal', unit: 'images/s', ...numbers, target: { atLeast: 1 } })
  }
  for (const [i, opponent] of race.against.entries()) {
    const ways = seriesOf(rounds, peers, i)
    const fastest = least(ways, millisecondsOf)
    if (!fastest) continue
    taken.push({
      ...{ what: 'speed', against: fastest.title, unit: 'images/s' },
      ...{ ours: speed(rounds.ours), theirs: speed(fastest), ...speedRatio(rounds.ours, fastest) },
      ...(opponent.speed && { target: opponent.speed }),
    })
    const smallest = least(ways, peakMemoryOf)!
    const memory = (what: string, mine: Series, target: Target): Comparison => {
      const [bytes, theirs] = [peakMemoryOf(mine), peakMemoryOf(smallest)]
      return { what, against: smallest.title, unit: 'bytes', ours: bytes, theirs, ratio: bytes / theirs, target }
    }
    if (opponent.peakMemory) taken.push(memory('peak memory', rounds.ours, opponent.peakMemory))
    if (opponent.recomputed) {
      // Once is enough: memory hardly varies.
      const again = await sideBySide(ours(precision, ['--recompute']), [], task, { ...setting, rounds: 1 }).catch(
        (error: Error) => void skipped.push({ what: 'peak memory with --recompute', why: error.message }),
      )
      if (again) taken.push(memory('peak memory with --recompute', again.ours, opponent.recomputed))
    }
  }
  return { comparisons: taken, skipped, versions: versionsOf(rounds), neighbours: rounds.neighbours }
}

/** The series of one opponent's ways, those that were not skipped. */
function seriesOf({ peers }: Rounds, groups: readonly (readonly Contestant[])[], group: number): Series[] {
  const before = groups.slice(0, group).flat().length
  return peers.slice(before, before + groups[group]!.length).flatMap(series => series ?? [])
}

const versionsOf = ({ ours, peers }: Rounds): Measurement['versions'] =>
  Object.assign({}, ...[ours, ...peers].map(series => series?.samples[0]?.versions))
