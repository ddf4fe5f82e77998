import assert from 'node:assert/strict'
import test from 'node:test'
import { createReference } from '../../../src/backends/reference/reference.js'
import { Interruption } from '../../../src/base/error.js'
import { soloCommunicator } from '../../../src/communication/solo.js'
import { expectSame, factsOf } from '../../../src/training/replicas/agreement.js'
import { expectAlike } from '../../../src/training/replicas/divergence.js'
import { PaceWatch } from '../../../src/training/replicas/pace.js'
import { Replicas } from '../../../src/training/replicas/replicas.js'
import { localBatch } from '../../../src/training/replicas/share.js'
import { replicaThreads } from '../../../src/training/replicas/threads.js'

/** A replica whose others answer what `others` makes of its own message. */
function replicaAmong(others: (own: Uint8Array) => Uint8Array[]): Replicas {
  return new Replicas({
    ...soloCommunicator(),
    rank: 0,
    size: 3,
    hosts: ['one', 'one', 'two'],
    allGather: own => [own, ...others(own)],
  })
}

const message = (kind: 0 | 1, value: unknown) => Buffer.from([kind, ...Buffer.from(JSON.stringify(value))])

test('what differs is named with both values and the replicas that have them', () => {
  const facts = factsOf({ recipe: { batch: 4, learningRate: 0.045 }, passes: ['a', 'b'], steps: 3 })
  assert.deepEqual(facts, { 'recipe.batch': 4, 'recipe.learningRate': 0.045, passes: '["a","b"]', steps: 3 })
  expectSame(
    replicaAmong(own => [own, own]),
    facts,
  )
  const rates = replicaAmong(own => [own, message(0, { ...facts, 'recipe.learningRate': 0.01 })])
  assert.throws(() => expectSame(rates, facts), {
    name: 'UserError',
    exitCode: 2,
    message: /: recipe\.learningRate is 0\.045 on replica 0 \(one\) and 0\.01 on replica 2 \(two\): /,
  })
  const { steps: _, ...without } = facts
  const ended = replicaAmong(own => [message(0, without), own])
  assert.throws(() => expectSame(ended, facts), /: steps is 3 on replica 0 \(one\) and not given on replica 1 \(one\)/)
})

test('an error of one is thrown by all who wait for anything, an interruption only where there is no error', () => {
  const failure = { message: 'the disk is full', exitCode: 2, interrupted: false }
  const stop = { message: 'interrupted; the same command goes on', exitCode: 1, interrupted: true }
  const full = replicaAmong(() => [message(1, stop), message(1, failure)])
  const expected = { name: 'UserError', exitCode: 2, message: 'replica 2 (two): the disk is full' }
  assert.throws(() => full.gather('anything'), expected)
  assert.throws(() => full.gatherBytes(new Uint8Array(3)), expected)

  const interrupted = replicaAmong(own => [own, message(1, stop)])
  assert.throws(() => interrupted.gather(1), { name: 'AbortError', message: stop.message })
})

test('an error is told once, and without a name where all have it', () => {
  let told = 0
  const alike = replicaAmong(own => {
    told++
    return [own, own]
  })
  const error = alike.fail(new Interruption('batch 3'))
  assert.ok(error instanceof Error && error.message === 'batch 3')
  assert.equal(alike.fail(error), error)
  assert.equal(told, 1)
  // Nobody else can know of a fault of the program.
  const fault = new TypeError('undefined is no function')
  assert.equal(alike.fail(fault), fault)
  assert.equal(told, 1)
})

test('work is told, and ends with the error of one that has failed meanwhile, who asks for that', () => {
  let [pieces, summons] = [0, 0]
  const failure = { message: 'the disk is full', exitCode: 1, interrupted: false }
  const at = (summoned: boolean) =>
    new Replicas({
      ...soloCommunicator(),
      ...{ size: 2, hosts: ['one', 'two'], summoned },
      worked: () => void pieces++,
      summon: () => void summons++,
      allGather: own => [own, message(1, failure)],
    })
  at(false).goOn()
  assert.deepEqual([pieces, summons], [1, 0])
  const expected = { name: 'UserError', message: 'replica 1 (two): the disk is full' }
  assert.throws(at(true).goOn, expected)
  // A checkpoint, once begun, is written.
  at(true).worked()
  assert.throws(() => {
    throw at(false).fail(new Interruption('batch 3'))
  }, expected)
  assert.deepEqual([pieces, summons], [3, 1])
  new Replicas().goOn()
})

test('what the others do after the first of a host may fail, and then none goes on', () => {
  const failure = { message: 'too large', exitCode: 1, interrupted: false }
  let told = 0
  const last = replicaAmong(own => [own, ++told === 2 ? message(1, failure) : own])
  let done = 0
  assert.throws(() => last.inTurn(() => ++done), { name: 'UserError', message: 'replica 2 (two): too large' })
  assert.equal(done, 1)
})

test('a replica by itself sends nothing and changes nothing', async () => {
  const alone = new Replicas()
  assert.equal(alone.isFirst, true)
  assert.deepEqual(alone.gather({ loss: Number.NaN }), [{ loss: Number.NaN }])
  assert.equal(await alone.fromFirst(() => Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
  const error = new RangeError('as it is')
  assert.equal(alone.fail(error), error)
})

test('a variable that is not the same bits everywhere is named with the replica that has another', () => {
  using store = createReference().createStore()
  for (const name of ['b', 'a'])
    store.declare({ name, role: 'parameter', shape: [4], initial: { kind: 'constant', value: 1 }, decays: true }, 0)
  expectAlike(
    replicaAmong(own => [own, own]),
    store,
    7,
  )
  const apart = replicaAmong(own => {
    const other = own.slice()
    other[other.length - 1]! ^= 1
    return [own, other]
  })
  assert.throws(() => expectAlike(apart, store, 7), {
    name: 'UserError',
    message: /^step 7: the replicas have come apart: 'b' is another on replica 2 \(two\) than on the others: /,
  })
})

test('a batch that replicas cannot share names the nearest that they can', () => {
  assert.equal(localBatch(32, 4), 8)
  assert.throws(() => localBatch(32, 3), /3 replicas cannot share a batch of 32 evenly: take a batch of 30 or 33/)
  assert.throws(() => localBatch(4, 20), /take a batch of 20, or/)
})

test('a replica is called slow after twenty steps at more than one and a half times the median, and not again soon', () => {
  const two = new PaceWatch({ size: 2, name: rank => `replica ${rank}` })
  const told = Array.from({ length: 600 }, () => two.take([1, 1.6]))
  assert.deepEqual(
    told.flatMap((messages, step) => messages.map(() => step + 1)),
    [20, 520],
  )
  assert.match(told[19]![0]!, /^replica 1 is slow: it works 1\.6 times as long .* \(1600 ms against 1000 ms\)/)
  // A single long step, such as one with a checkpoint, makes none slow.
  const four = new PaceWatch({ size: 4, name: rank => `replica ${rank}` })
  for (let step = 0; step < 100; step++) assert.deepEqual(four.take([step % 10 === 0 ? 60 : 1, 1.2, 1.4, 1]), [])
})

test('more replicas than cores are told of, also where each was given its threads', () => {
  const warnings: string[] = []
  const threads = (cores: readonly number[], asked?: number) => {
    const hosts = cores.map((_, rank) => (rank < 3 ? 'one' : 'two'))
    const replicas = new Replicas({ ...soloCommunicator(), rank: 0, size: cores.length, hosts, cores })
    return replicaThreads(replicas, asked, message => warnings.push(message))
  }
  assert.equal(threads([0.5, 0.5, 2, 0.1], 3), 3)
  assert.deepEqual(
    warnings.map(message => /^(\S+) runs (\d+) replicas that have less than a core each/.exec(message)?.slice(1)),
    [
      ['one', '2'],
      ['two', '1'],
    ],
  )
  assert.equal(replicaThreads(new Replicas(), 3, assert.fail), 3)
})
