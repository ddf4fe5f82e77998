import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { TrainingOrder } from '../../../src/data/order.js'
import { openTrainingData } from '../../../src/data/sources/open.js'
import { readCheckpoint } from '../../../src/training/checkpoint.js'
import { readEventLog } from '../../../src/training/sinks/jsonl.js'
import { assertDone, inception } from '../../cli/inception.js'
import { type Finished, withoutMpi } from '../../communication/mpirun.js'
import { drawTinyData, sha256, temporaryFolder, tinyModelFlags } from '../tiny-run.js'
import { type Launch, launch, said } from './launch.js'

const skip = withoutMpi
const root = temporaryFolder()
await drawTinyData(path.join(root, 'data'))

// Two steps an epoch, each of them in the log; weights are compared after every step.
const course =
  '--batch 12 --learning-rate 0.01 --norm-decay 0.9 --seed 5 --epochs 20 --watch-steps 1 --precision f32 --passes no-tune'
const flags = ['train', ...tinyModelFlags, ...course.split(' '), '--sync-batch-norm', '--data', 'data']
const checking = ['--check-replicas', '1']
const run = (out: string, ...more: string[]) => [...flags, ...checking, '--out', out, ...more]
const goOn = (out: string) => ['train', '--resume', out, ...checking]
const replicas = (count: number, args: readonly string[], more: Omit<Launch, 'cwd'> = {}) =>
  launch(count, args, { cwd: root, ...more })
const checkpointsOf = (out: string) => readdirSync(path.join(root, out, 'checkpoints')).sort()
const fileOf = (out: string, step: number) =>
  path.join(root, out, 'checkpoints', `step-${`${step}`.padStart(8, '0')}.safetensors`)
const logOf = (out: string) => readEventLog(path.join(root, out, 'events.jsonl'))
const lossOf = (out: string, step: number) => {
  const event = logOf(out).find(event => event.type === 'step' && event.step === step)
  return event?.type === 'step' ? event.loss : Number.NaN
}
/** Sends a signal to a replica, or to what started them, once something has been said. */
const sending = (to: number | 'launcher', signal: NodeJS.Signals, after: RegExp): Omit<Launch, 'cwd'> => {
  let sent = false
  return {
    watch(stderr, send) {
      if (sent || !after.test(stderr)) return
      sent = true
      send(to, signal)
    },
  }
}
const ended = (finished: Finished, code: number) => assert.equal(finished.code, code, finished.stderr)

const straight = skip ? undefined : await replicas(2, run('straight'))

test('two replicas train one model, and one of them tells of it', { skip }, () => {
  ended(straight!, 0)
  const { stdout, stderr } = straight!
  assert.equal(stdout, '')
  assert.equal(
    stderr.match(/^training .* 40 steps of 12, shared by 2 replicas \((Open MPI|MPICH) [\w.]+\)$/gm)?.length,
    1,
  )
  assert.equal(stderr.match(/^done: 40 steps/gm)?.length, 1)
  assert.match(stderr, /^step \d+\/40 .* communication [\d.]+ %$/m)
  const [start, first] = logOf('straight')
  assert.ok(start?.type === 'start' && start.replicas === 2 && start.carrier !== undefined)
  assert.ok(first?.type === 'step' && first.communicationShare! > 0 && first.communicationShare! < 1)
  assert.equal(checkpointsOf('straight').length, 3)
})

test('one and four replicas go on from where two were, with the loss that two would have', { skip }, async () => {
  for (const count of [1, 4]) {
    const out = `by-${count}`
    cpSync(path.join(root, 'straight'), path.join(root, out), { recursive: true })
    for (const step of [38, 40]) rmSync(fileOf(out, step))
    const resumed = await (count === 1 ? inception(goOn(out), { cwd: root }) : replicas(count, goOn(out)))
    ended(resumed, 0)
    const [ours, theirs] = [lossOf(out, 37), lossOf('straight', 37)]
    // It is the same state and the same images; how near one step of theirs is to ours, synchronised.test.ts measures.
    assert.ok(Math.abs(ours - theirs) <= 1e-5 * theirs, `${count} replicas: ${ours}, two: ${theirs}`)
    assert.equal(logOf(out).at(-1)?.type, 'done')
  }
})

test('images are mixed as in one process, whatever the number of replicas', { skip }, async () => {
  const mixed = (out: string) => [...run(out), '--mixup', '0.2', '--cutmix', '1', '--steps', '1']
  const losses: number[] = []
  for (const count of [1, 2]) {
    const out = `mixed-by-${count}`
    ended(await (count === 1 ? inception(mixed(out), { cwd: root }) : replicas(count, mixed(out))), 0)
    losses.push(lossOf(out, 1))
  }
  const [alone, shared] = losses
  assert.ok(Math.abs(alone! - shared!) <= 1e-6 * alone!, `alone: ${alone}, two: ${shared}`)
})

test('stopped by a signal that the launcher hands on, then killed, a run ends with the same bits', {
  skip,
}, async () => {
  const stopped = await replicas(2, run('broken'), sending('launcher', 'SIGUSR2', /^checkpoint /m))
  ended(stopped, 130)
  const last = logOf('broken').at(-1)
  assert.ok(last?.type === 'interrupted' && last.step < 40)
  assert.match(stopped.stderr, /^stopped at step \d+; to go on: mpirun -n 2 inception train --resume broken$/m)
  using checkpoint = readCheckpoint(fileOf('broken', last.step))
  assert.equal(checkpoint.step, last.step)

  const killed = await replicas(2, goOn('broken'), sending(1, 'SIGKILL', /^checkpoint /m))
  assert.notEqual(killed.code, 0, killed.stderr)
  assert.notEqual(logOf('broken').at(-1)?.type, 'done')
  ended(await replicas(2, goOn('broken')), 0)
  assert.equal(sha256(fileOf('broken', 40)), sha256(fileOf('straight', 40)))
})

test('a replica that does not answer ends the run, with its name and a checkpoint', { skip }, async () => {
  const lost = await replicas(2, run('lost', '--replica-timeout', '5'), sending(1, 'SIGSTOP', /^checkpoint /m))
  ended(lost, 1)
  assert.equal(said(lost).length, 1, lost.stderr)
  assert.match(
    said(lost)[0]!,
    /: replica 0 \(.*\) has waited \d+ s for others; missing for 5 s: 1 \(.*\), not answering; /,
  )
  const last = logOf('lost').at(-1)
  assert.ok(last?.type === 'interrupted')
  using checkpoint = readCheckpoint(fileOf('lost', last.step))
  assert.equal(checkpoint.step, last.step)
})

test('a bad image that one replica meets ends all with a checkpoint, and is named with the replica', {
  skip,
}, async () => {
  cpSync(path.join(root, 'data'), path.join(root, 'bad'), { recursive: true })
  const { train } = await openTrainingData(path.join(root, 'bad'))
  // The first that replica 1 has of the second step.
  const file = train.items[new TrainingOrder(5, train.items.length).indexAt(18)]!.path
  writeFileSync(file, readFileSync(file).subarray(0, 100))
  const met = await replicas(2, [...run('met'), '--data', 'bad'])
  ended(met, 1)
  assert.equal(said(met).length, 1, met.stderr)
  assert.match(said(met)[0]!, /^inception: replica 1 \(.*\): bad image .*\/bad\/train\/.*: /)
  const last = logOf('met').at(-1)
  assert.ok(last?.type === 'interrupted' && last.step === 1)
  using checkpoint = readCheckpoint(fileOf('met', 1))
  assert.equal(checkpoint.step, 1)
})

test('replicas that were not started alike, or cannot share the work, say so before anything is written', {
  skip,
}, async () => {
  const other = await replicas(2, run('never'), { last: [...run('never'), '--learning-rate', '0.02'] })
  ended(other, 2)
  assert.equal(said(other).length, 1, other.stderr)
  assert.match(said(other)[0]!, /: recipe\.learningRate is 0\.01 on replica 0 \(.*\) and 0\.02 on replica 1 \(/)

  for (const split of ['train', 'val']) {
    const folder = path.join(root, 'single', split, 'only')
    mkdirSync(folder, { recursive: true })
    const from = path.join(root, 'data', 'train')
    const from0 = path.join(from, readdirSync(from)[0]!)
    cpSync(path.join(from0, readdirSync(from0)[0]!), path.join(folder, 'one.jpg'))
  }
  const few = await replicas(2, [...run('never'), '--data', 'single'])
  ended(few, 1)
  assert.match(said(few).at(-1)!, /single\/train has 1 training images for 2 replicas: each needs one at least/)
  assert.ok(!readdirSync(root).includes('never'))
})

test('a wrong option is told once, also where one replica alone has it', { skip }, async () => {
  const wrong = [...run('never'), '--bogus']
  for (const [first, told] of [
    [wrong, /^inception: unknown option '--bogus'/],
    [run('never'), /^inception: replica 1 \(.*\): unknown option '--bogus'/],
  ] as const) {
    const refused = await replicas(2, first, { last: wrong })
    ended(refused, 2)
    assert.equal(said(refused).length, 1, refused.stderr)
    assert.match(said(refused)[0]!, told)
  }
})

test('an evaluation by three replicas prints and writes what one does', { skip }, async () => {
  const evaluate = (out: string) =>
    `evaluate --checkpoint straight --data data --json --precision f32 --passes no-tune --crops dense --out ${out}`.split(
      ' ',
    )
  const alone = assertDone(await inception(evaluate('alone'), { cwd: root }))
  const shared = await replicas(3, evaluate('shared'))
  ended(shared, 0)
  assert.equal(shared.stdout, alone.stdout)
  for (const name of readdirSync(path.join(root, 'alone')))
    assert.equal(sha256(path.join(root, 'shared', name)), sha256(path.join(root, 'alone', name)))
  assert.deepEqual(readdirSync(path.join(root, 'shared')).sort(), readdirSync(path.join(root, 'alone')).sort())
})

test('a trace shows the kernels of one step and its exchanges on every replica, the first of which says', {
  skip,
}, async () => {
  const work = '--classes 3 --batch 4 --train --trace step.json --passes no-tune'
  const args = ['inspect', ...tinyModelFlags.slice(1), ...work.split(' ')]
  const traced = await replicas(2, args)
  ended(traced, 0)
  assert.equal(
    traced.stdout.match(/^[\d.]+ \w+ summed over all replicas in \d+ exchanges: .* % of their time/gm)?.length,
    1,
  )
  const { traceEvents } = JSON.parse(readFileSync(path.join(root, 'step.json'), 'utf8')) as {
    traceEvents: { ph: string; pid: number; name: string; id?: string; ts: number }[]
  }
  for (const pid of [1, 2]) {
    const own = traceEvents.filter(event => event.pid === pid)
    assert.ok(own.some(({ ph, name }) => ph === 'X' && name === 'rmsprop'))
    const begins = own.filter(({ ph }) => ph === 'b')
    assert.ok(begins.length > 0)
    for (const { id, ts } of begins) assert.ok(own.find(event => event.ph === 'e' && event.id === id)!.ts >= ts)
  }
})
