// How much of the exchange between replicas on hosts of their own is hidden behind the backward pass, by the speed of
// the links between them. Needs root, `iproute2` and Open MPI.
//     npm run bench:network -- [--hosts 2] [--gigabits 1,10] [--delay microseconds] [--json] [-- options of turn.js]

import path from 'node:path'
import { parseArgs } from 'node:util'
import { formatPercent, formatTable } from '../../src/base/format.js'
import { root } from '../root.js'
import { Hosts } from './hosts.js'
import type { Turn } from './turn.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: 'string', default: '2' },
    gigabits: { type: 'string', default: '1,10' },
    delay: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const delay = values.delay === undefined ? {} : { delayMicroseconds: Number(values.delay) }
const turns: (Turn & { readonly gigabits: number })[] = []
for (const gigabits of values.gigabits.split(',').map(Number)) {
  using hosts = new Hosts(Number(values.hosts), { gigabits, ...delay })
  const printed = hosts.mpirun([process.execPath, path.join(root, 'dist/bench/replicas/turn.js'), ...positionals])
  turns.push({ gigabits, ...(JSON.parse(printed) as Turn) })
}
if (values.json) console.log(JSON.stringify(turns, undefined, 2))
else
  console.log(
    formatTable(
      ['Gb/s', 'images/s', 'step', 'exchange alone', 'waited', 'hidden', 'moved on between kernels'],
      turns.map(turn => [
        `${turn.gigabits}`,
        turn.imagesPerSecond.toFixed(2),
        `${turn.stepMilliseconds.toFixed(0)} ms`,
        `${turn.exchangeMilliseconds.toFixed(0)} ms`,
        `${turn.waitedMilliseconds.toFixed(0)} ms`,
        formatPercent(Math.max(0, 1 - turn.waitedMilliseconds / turn.exchangeMilliseconds)),
        `${turn.advancedMilliseconds.toFixed(0)} ms`,
      ]),
    ),
  )
