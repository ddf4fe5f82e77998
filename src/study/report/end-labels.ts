import { clamp } from './axis.js'

/**
 * Places for labels wanted at `wanted`, in the same order: at least `gap` apart, within `low` … `high` as far as they
 * fit, and moved no further than that takes.
 */
export function separate(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]! || a - b)
  // Runs of labels that touch move as one, centred on the mean of what they want.
  const runs: { members: number[]; start: number }[] = []
  for (const i of order) {
    runs.push({ members: [i], start: wanted[i]! })
    for (;;) {
      const last = runs.at(-1)!
      const mean = last.members.reduce((sum, m) => sum + wanted[m]!, 0) / last.members.length
      last.start = clamp(
        mean - ((last.members.length - 1) * gap) / 2,
        low,
        Math.max(low, high - (last.members.length - 1) * gap),
      )
      const before = runs.at(-2)
      if (!before || before.start + before.members.length * gap <= last.start + 1e-9) break
      before.members.push(...last.members)
      runs.pop()
    }
  }
  const places = [...wanted]
  for (const run of runs)
    run.members.forEach((m, i) => {
      places[m] = run.start + i * gap
    })
  return places
}
