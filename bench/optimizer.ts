// One step of RMSProp with running average over the released Inception-ResNet-v2's parameters, against the time it takes
// to read and write the same bytes with the simplest kernels. The two are measured in turn, so that what else runs on
// the machine slows both; medians are printed.
//     node dist/bench/optimizer.js [threads] [--json]

import { slot } from '../src/backends/simd/task.js'
import { Team } from '../src/backends/simd/team.js'
import { formatCount, formatTable } from '../src/base/format.js'

const parameters = 55_843_464
const rounds = 21

const json = process.argv.includes('--json')
const threads = Number(process.argv.slice(2).find(word => !word.startsWith('--')) ?? 2)
const team = new Team({ threads })
await team.ready()

const tensor = () => team.allocate(parameters * 4)
const [w, g, ms, mom, avg] = [tensor(), tensor(), tensor(), tensor(), tensor()]
const n = parameters
team
  .prepare([
    { kernel: 'fill', dst: w, n, value: 0.1 },
    { kernel: 'fill', dst: g, n, value: 0.01 },
    { kernel: 'fill', dst: ms, n, value: 1 },
    { kernel: 'fill', dst: mom, n, value: 0.001 },
    { kernel: 'fill', dst: avg, n, value: 0.1 },
  ])
  .run()

const update = team.prepare([
  {
    kernel: 'rmsprop',
    ...{ w, g, ms, mom, n, average: { avg, decay: slot(2) } },
    ...{ lr: slot(0), gradScale: slot(1), decay: 0.9, eps: 1, momentum: 0.9, weightDecay: 4e-5 },
  },
])
// Reads all five arrays and writes the four that the update writes, one after the other. The update may be the faster
// of the two: with nine streams at once, more cache lines are under way.
const touch = team.prepare([
  ...[w, ms, mom, avg].map(dst => ({ kernel: 'scale', dst, n, factor: 1 }) as const),
  { kernel: 'squaredNorm', g, w, n, weightDecay: 0 },
])
const bytes = parameters * 4 * 9
const scalars = Float64Array.of(1e-4, 1, 0.9999)

function milliseconds(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

const pairs = Array.from({ length: rounds + 2 }, () => [
  milliseconds(() => update.run(scalars)),
  milliseconds(() => touch.run()),
]).slice(2) as [number, number][]

const updates = pairs.map(([a]) => a)
const touches = pairs.map(([, b]) => b)
const row = (name: string, times: readonly number[]) => [
  name,
  median(times).toFixed(1),
  Math.min(...times).toFixed(1),
  (bytes / median(times) / 1e6).toFixed(1),
]
const ratio = median(pairs.map(([a, b]) => a / b))
if (json) console.log(JSON.stringify({ update: median(updates), pass: median(touches), ratio }))
else {
  console.log(`${formatCount(parameters)} parameters, ${threads} threads, ${rounds} rounds`)
  console.log(
    formatTable(
      ['pass', 'median ms', 'least ms', 'GB/s'],
      [row('RMSProp with running average', updates), row('read and write the same bytes', touches)],
    ),
  )
  console.log(`ratio ${ratio.toFixed(2)} (median of pairs)`)
}
await team.close()
