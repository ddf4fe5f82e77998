// Kills replicas of small runs at random moments, goes on with each, and compares the weights at the end with those of a
// run that nothing happened to; then runs more replicas than there are cores. Beside the tests, because it takes minutes:
// npm run test:replicas -- [kills] [seed]
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { RandomStream } from '../../../src/base/random.js'
import { readEventLog } from '../../../src/training/sinks/jsonl.js'
import { withoutMpi } from '../../communication/mpirun.js'
import { drawTinyData, sha256, tinyModelFlags } from '../tiny-run.js'
import { launch } from './launch.js'

const [kills = 20, seed = Date.now() % 1e6] = process.argv.slice(2).map(Number)
if (withoutMpi !== false) throw new Error(withoutMpi)
const root = mkdtempSync(path.join(tmpdir(), 'replicas-'))
const course =
  '--batch 12 --learning-rate 0.01 --norm-decay 0.9 --seed 5 --precision f32 --check-replicas 1 --passes no-tune'.split(
    ' ',
  )
const flags = ['train', ...tinyModelFlags, ...course, '--data', 'data']
const begin = (out: string) => [...flags, '--epochs', '20', '--out', out]
const weightsOf = (out: string) => sha256(path.join(root, out, 'checkpoints', 'step-00000040.safetensors'))

try {
  await drawTinyData(path.join(root, 'data'))
  const lines = linesIn((await done(2, begin('straight'))).stderr)
  const expected = weightsOf('straight')
  const random = new RandomStream(seed, 'kills')
  console.log(`${kills} kills of one of two replicas, seed ${seed}, anywhere in the ${lines} lines that a run says`)
  for (let i = 1; i <= kills; i++) {
    const moment = { lines: random.integer(lines), milliseconds: random.uniform(0, 100) }
    const out = `killed-${i}`
    let ended = await killed(begin(out), i % 2, moment)
    const note = existsSync(path.join(root, out, 'events.jsonl'))
      ? `log of ${readEventLog(path.join(root, out, 'events.jsonl')).length} events`
      : 'no run yet'
    const again = existsSync(path.join(root, out, 'run.json')) ? ['train', '--resume', out] : begin(out)
    if (ended.code !== 0) ended = await done(2, again)
    assert.equal(weightsOf(out), expected, `kill ${i} of seed ${seed}`)
    console.log(`${i}: replica ${i % 2} after ${moment.lines} lines, ${note}: the same weights`)
    rmSync(path.join(root, out), { recursive: true })
  }

  const rates = new Map<number, number>()
  for (const count of [2, 4, 8, 20]) {
    const out = `by-${count}`
    await done(count, [...flags, ...'--width 0.25 --size 107 --batch 40 --steps 10'.split(' '), '--out', out])
    const steps = readEventLog(path.join(root, out, 'events.jsonl')).filter(event => event.type === 'step')
    rates.set(count, steps.at(-1)!.imagesPerSecond)
    const share = rates.get(count)! / rates.get(2)!
    console.log(`${count} replicas: ${rates.get(count)!.toFixed(0)} images/s, ${(100 * share).toFixed(0)} % of two`)
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}

async function done(count: number, args: readonly string[]) {
  const ended = await launch(count, args, { cwd: root })
  assert.equal(ended.code, 0, ended.stderr)
  return ended
}

/** Runs two replicas, one of which is killed so long after so many lines, if it is still there. */
async function killed(args: readonly string[], rank: number, moment: { lines: number; milliseconds: number }) {
  let aimed = false
  return await launch(2, args, {
    cwd: root,
    watch(stderr, send) {
      if (aimed || linesIn(stderr) <= moment.lines) return
      aimed = true
      setTimeout(() => {
        try {
          send(rank, 'SIGKILL')
        } catch {
          // It has ended.
        }
      }, moment.milliseconds)
    },
  })
}

function linesIn(text: string): number {
  return text.split('\n').length - 1
}
