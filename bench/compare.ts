// Measures the rows of the target table (bench/rows.ts): ours and the peers in turn, so that a neighbour slows both.
//     npm run bench -- --help
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Command } from 'commander'
import { UserError } from '../src/base/error.js'
import { quoted } from '../src/base/shell-word.js'
import { wholeNumber } from '../src/cli/arguments.js'
import { describeMachine } from '../src/study/machine.js'
import { Material } from './peers/material.js'
import { Torch } from './peers/torch.js'
import { readResults, slugOf, withRow, writeResults } from './results.js'
import { root } from './root.js'
import { type Comparison, type Row, reached, settled } from './row.js'
import { rows } from './rows.js'
import { withTables } from './tables.js'

interface Flags {
  only: string[]
  rounds: number
  patience: number
  threads: number
  again?: boolean
  list?: boolean
  json?: string
  python?: string
}

const { engine: _, node: __, ...machine } = describeMachine('')
const folder = path.join(root, 'bench/results')

async function compare(flags: Flags): Promise<void> {
  const file = flags.json ?? path.join(folder, `${slugOf(machine)}.json`)
  const chosen = rows.filter(({ id }) => flags.only.every(word => id.includes(word)))
  if (chosen.length === 0)
    throw new UserError(`no row's id holds all of: ${flags.only.join(', ')}; --list shows them`, 2)
  let results = readResults(file, machine)
  if (flags.list) {
    for (const { id } of chosen) console.log(id, results.rows[id]?.date ?? '')
    return
  }
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
  const torch = await Torch.find(flags.python)
  using material = new Material(torch)
  // Without this, a peer that Ctrl-C ended would count as one that cannot run.
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => {
      material[Symbol.dispose]()
      process.exit(code)
    })
  const { rounds, threads, patience } = flags
  for (const row of chosen) {
    const known = results.rows[row.id]
    if (known && settled(known) && !flags.again) {
      console.log(`${row.id}: measured on ${known.date.slice(0, 10)}, kept (--again measures it again)`)
      continue
    }
    console.log(row.id)
    try {
      const measured = await row.measure({ rounds, patience, threads, torch, material, say: line => console.log(line) })
      for (const comparison of measured.comparisons) console.log(`  ${sentence(comparison)}`)
      const about = { date: new Date().toISOString(), command: commandOf(row, flags), threads, rounds }
      results = withRow(readResults(file, machine), machine, row.id, { ...about, ...measured })
      writeResults(file, results)
    } catch (error) {
      console.log(`  not measured: ${(error as Error).message}`)
      process.exitCode = 1
    }
  }
  if (!flags.json) renewPage()
}

const sentence = (comparison: Comparison): string => {
  const verdict = { true: ', reached', false: ', not reached', undefined: '' }[`${reached(comparison)}`]
  return `${comparison.what} against ${comparison.against}: ratio ${comparison.ratio.toFixed(2)}${verdict}`
}

const commandOf = ({ id }: Row, { rounds, threads }: Flags): string =>
  `npm run bench -- --only ${quoted(id)} --rounds ${rounds} --threads ${threads}`

/** Writes the tables of every machine's results into bench/README.md. */
function renewPage(): void {
  const page = path.join(root, 'bench/README.md')
  const files = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.json')) : []
  const machines = files.sort().map(name => readResults(path.join(folder, name), machine))
  writeFileSync(page, withTables(readFileSync(page, 'utf8'), rows, machines))
}

await new Command('bench')
  .description(
    'ours against PyTorch, ONNX Runtime and TensorFlow.js, row by row; rows stored from a quiet machine are kept',
  )
  .option('--only <words...>', 'only rows whose id holds all of these words', [])
  .option('--rounds <n>', 'turns of everyone in a row', wholeNumber(1), 3)
  .option('--patience <seconds>', 'how long to wait for a quiet machine before each turn', wholeNumber(0), 120)
  .option('--threads <n>', 'threads of everyone', wholeNumber(1), os.availableParallelism())
  .option('--again', 'measure rows again that are stored already')
  .option('--list', 'show the ids of the rows and whether they are stored')
  .option('--json <file>', 'the results file (default: bench/results/<machine>.json)')
  .option('--python <path>', 'a Python with PyTorch (default: the first that has it)')
  .action(compare)
  .parseAsync()
  .catch((error: Error) => {
    if (!(error instanceof UserError)) throw error
    console.error(`bench: ${error.message}`)
    process.exitCode = error.exitCode
  })
