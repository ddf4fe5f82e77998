import assert from 'node:assert/strict'
import test from 'node:test'
import { askPeer, type Contestant, median, Unavailable } from '../../bench/peers/peer.js'
import { load } from '../../bench/peers/program.js'
import { least, millisecondsOf, sideBySide, speedRatio } from '../../bench/rounds.js'

const task = { work: 'infer', network: 'none', batch: 1, threads: 1, warmup: 0, runs: 1 } as const
const setting = { rounds: 3, patience: 0, say: () => {} }

/** Takes these times, one a turn, and notes that it was its turn. */
function runner(title: string, times: readonly (number | Error)[], turns: string[]): Contestant {
  let turn = 0
  return {
    title,
    async run() {
      turns.push(title)
      const milliseconds = times[turn++]!
      if (milliseconds instanceof Error) throw milliseconds
      return { milliseconds, peakMemoryBytes: 1, versions: {} }
    },
  }
}

test('everyone takes turns, and the ratio is the median of the rounds', async () => {
  const turns: string[] = []
  // The machine is three times as slow in the second round, for both.
  const ours = runner('ours', [100, 300, 110], turns)
  const peer = runner('peer', [200, 600, 209], turns)
  const rounds = await sideBySide(ours, [peer], task, setting)
  assert.deepEqual(turns, ['ours', 'peer', 'ours', 'peer', 'ours', 'peer'])
  const { ratio, spread } = speedRatio(rounds.ours, rounds.peers[0]!)
  assert.equal(ratio, 2)
  assert.ok(Math.abs(spread - 2 / 1.9) < 1e-9)
  assert.equal(millisecondsOf(rounds.ours), 110)
})

test('a peer that cannot take part is skipped with its reason and not asked again', async () => {
  const turns: string[] = []
  const ours = runner('ours', [1, 1, 1], turns)
  const missing = runner('missing', [new Unavailable('not installed')], turns)
  const there = runner('there', [3, 3, 3], turns)
  const { peers, skipped } = await sideBySide(ours, [missing, there], task, setting)
  assert.deepEqual(skipped, [{ what: 'missing', why: 'not installed' }])
  assert.equal(turns.filter(title => title === 'missing').length, 1)
  assert.equal(peers[0], undefined)
  assert.equal(peers[1]!.samples.length, 3)
})

test('our own failure is an error', async () => {
  const ours = runner('ours', [new Error('no engine')], [])
  await assert.rejects(sideBySide(ours, [], task, setting), /no engine/)
})

test('of several ways of a peer the one with the least counts', () => {
  const series = (title: string, milliseconds: number) => ({
    title,
    samples: [{ milliseconds, peakMemoryBytes: 1, versions: {} }],
  })
  assert.equal(least([series('slow', 3), series('fast', 2)], millisecondsOf)?.title, 'fast')
  assert.equal(least([], millisecondsOf), undefined)
})

test('a median of an even number of values lies between the two in the middle', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
  assert.equal(median([3, 1, 2]), 2)
})

test('a program that cannot be started, or says that it cannot, is unavailable', async () => {
  await assert.rejects(askPeer('no-such-program', [], 1), Unavailable)
  const says = (text: string) => ['-e', `console.log(${JSON.stringify(text)})`]
  await assert.rejects(askPeer(process.execPath, says('{"unavailable":"no torch"}'), 1), {
    name: 'Unavailable',
    message: 'no torch',
  })
  await assert.rejects(askPeer(process.execPath, ['-e', 'throw new Error("broke")'], 1), /ended with 1: .*Error: broke/)
  assert.deepEqual(await askPeer(process.execPath, says('{"parameters":3}'), 1), { parameters: 3 })
})

test('a package that is not installed makes its peer unavailable', async () => {
  const name = 'no-such-package'
  await assert.rejects(
    load(name, () => import(name)),
    { name: 'Unavailable', message: /no-such-package is not installed/ },
  )
})
