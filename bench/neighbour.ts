// Training steps with a core to each thread against steps while another process keeps one of the cores busy. The two are
// measured in turn; medians and their ratio are printed.
//     node dist/bench/neighbour.js [rounds] [core] [--json]
// The neighbour is bound to the core with this number, or to none. What OpenMP does is set by its variables
// (OMP_WAIT_POLICY, GOMP_SPINCOUNT, OMP_DYNAMIC, OMP_PROC_BIND, OMP_NUM_THREADS).

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { choosePrecision, openBackend } from '../src/backends/open.js'
import { formatTable } from '../src/base/format.js'
import { benchmark } from '../src/study/bench/benchmark.js'

const stepsInTurn = 3
const json = process.argv.includes('--json')
const [count = '3', core] = process.argv.slice(2).filter(word => !word.startsWith('--'))
const rounds = Number(count)

const spec = { network: 'inception-v4', classes: 1000, size: 299, width: 1, normScale: true }
const backend = openBackend('onednn', console.error)
const precision = choosePrecision(backend, 'auto')
const { program } = benchmark('train', { spec, batch: 8, backend, precision, warmup: 2, runs: 1 })

function busy(): ChildProcess {
  const loop = [process.execPath, '-e', 'for (;;);']
  const [command, ...args] = core === undefined ? loop : ['taskset', '-c', core, ...loop]
  return spawn(command!, args, { stdio: 'inherit' })
}

function steps(): number[] {
  return Array.from({ length: stepsInTurn }, () => {
    const begin = performance.now()
    program.run()
    return performance.now() - begin
  })
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!

const alone: number[] = []
const disturbed: number[] = []
for (let round = 0; round < rounds; round++) {
  alone.push(...steps())
  const neighbour = busy()
  try {
    // Until it has started and is busy.
    await setTimeout(300)
    disturbed.push(...steps())
  } finally {
    neighbour.kill('SIGKILL')
    await once(neighbour, 'exit')
  }
}
const row = (name: string, times: readonly number[]) => [
  name,
  Math.min(...times).toFixed(0),
  median(times).toFixed(0),
  Math.max(...times).toFixed(0),
]
const times = { alone: median(alone), disturbed: median(disturbed) }
const ratio = times.disturbed / times.alone
if (json) console.log(JSON.stringify({ ...times, ratio, engine: backend.title }))
else {
  console.log(`inception-v4, batch 8, ${backend.title} in ${precision}, ${backend.threads} threads`)
  const rows = [row('alone', alone), row('with a neighbour', disturbed)]
  console.log(formatTable(['step', 'min ms', 'median', 'max'], rows))
  console.log(`ratio ${ratio.toFixed(2)}`)
}
