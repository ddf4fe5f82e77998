// Weak scaling on one machine: replicas of one thread each with the same batch each, beside what as many processes that
// know nothing of each other reach, which is all that the machine has to give.
//     npm run bench:replicas -- [--replicas 1,2,4,8,20] [--rounds 3] [--json] [-- options of turn.js]

import { spawn } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { formatPercent, formatTable } from '../../src/base/format.js'
import { usableCores } from '../../src/base/threads.js'
import { root } from '../root.js'
import type { Turn } from './turn.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    replicas: { type: 'string', default: '1,2,4,8,20' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
})
const program = [process.execPath, path.join(root, 'dist/bench/replicas/turn.js'), ...positionals]
/** On a core each, while there are enough; a process by itself is put there by Linux's `taskset`. */
const onCore = (core: number) => ['taskset', '-c', `${core}`, ...program]
const launcher = (n: number) => [
  ...['mpirun', '--allow-run-as-root', '-n', `${n}`],
  ...(n <= usableCores() ? ['--bind-to', 'core'] : ['--oversubscribe', '--bind-to', 'none']),
]
const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

async function turnOf([command, ...args]: readonly string[]): Promise<Turn> {
  const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    printed += text
  })
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`${command} ended with code ${code}`)
  return JSON.parse(printed) as Turn
}

/** Images a second of all. */
async function strangers(n: number): Promise<number> {
  const turns = await Promise.all(Array.from({ length: n }, (_, core) => turnOf(onCore(core))))
  return turns.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0)
}

const counts = values.replicas.split(',').map(Number)
const rows = counts.map(replicas => ({
  replicas,
  together: [] as number[],
  apart: [] as number[],
  waited: [] as number[],
}))
// In turn, so that what else the machine does falls on all alike.
for (let round = 0; round < Number(values.rounds); round++)
  for (const row of rows) {
    const n = row.replicas
    const turn = await turnOf(n === 1 ? onCore(0) : [...launcher(n), ...program])
    row.together.push(turn.imagesPerSecond)
    row.waited.push(turn.waitedMilliseconds / turn.stepMilliseconds)
    // More processes than cores have no ceiling of their own.
    if (n <= usableCores()) row.apart.push(n === 1 ? turn.imagesPerSecond : await strangers(n))
  }
const results = rows.map(({ replicas, together, apart, waited }) => ({
  replicas,
  imagesPerSecond: median(together),
  ceiling: apart.length > 0 ? median(apart) : undefined,
  waited: median(waited),
}))
const one = results.find(({ replicas }) => replicas === 1)?.imagesPerSecond
if (values.json) console.log(JSON.stringify(results, undefined, 2))
else
  console.log(
    formatTable(
      ['replicas', 'images/s', 'of one, each', 'as many apart', 'of that', 'waiting'],
      results.map(({ replicas, imagesPerSecond, ceiling, waited }) => [
        `${replicas}`,
        imagesPerSecond.toFixed(2),
        one === undefined ? '–' : formatPercent(imagesPerSecond / replicas / one),
        ceiling === undefined ? '–' : ceiling.toFixed(2),
        ceiling === undefined ? '–' : formatPercent(imagesPerSecond / ceiling),
        formatPercent(waited),
      ]),
    ),
  )
