import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import type { EvaluationResult } from '../../../src/evaluation/result.js'
import { readCheckpoint } from '../../../src/training/checkpoint.js'
import { decodeState } from '../../../src/training/checkpoint-state.js'
import { readEventLog } from '../../../src/training/sinks/jsonl.js'
import { assertDone, inception } from '../../cli/inception.js'
import { type Finished, installed, withoutMpi } from '../../communication/mpirun.js'
import { drawTinyData, temporaryFolder, tinyModelFlags } from '../tiny-run.js'
import { type Launch, launch, type Send, said } from './launch.js'

// Under the MPI that replicas.test.ts does not use, where two are installed.
const skip = withoutMpi
const mpi = installed.at(-1)!
const root = temporaryFolder()
await drawTinyData(path.join(root, 'data'))
// Enough to evaluate that it takes a while.
const val = path.join(root, 'data', 'val')
for (const folder of readdirSync(val))
  for (const name of readdirSync(path.join(val, folder)))
    for (let copy = 0; copy < 40; copy++)
      cpSync(path.join(val, folder, name), path.join(val, folder, `${copy}-${name}`))

// Two steps an epoch.
const course =
  '--batch 12 --learning-rate 0.01 --seed 5 --epochs 2 --evaluate-epochs 2 --precision f32 --passes no-tune'
const run = (out: string, ...more: string[]) => [
  ...['train', ...tinyModelFlags, ...course.split(' '), '--data', 'data', '--out', out],
  ...more,
]
const goOn = (out: string) => ['train', '--resume', out]
const replicas = (count: number, args: readonly string[], more: Omit<Launch, 'cwd'> = {}) =>
  launch(count, args, { cwd: root, mpi, ...more })
const logOf = (out: string) => {
  const file = path.join(root, out, 'events.jsonl')
  return existsSync(file) ? readEventLog(file) : []
}
/** Sends a signal to a replica, once. */
const sending = (rank: number, signal: NodeJS.Signals, isTime: (stderr: string) => boolean) => {
  let sent = false
  const watch = (stderr: string, send: Send) => {
    if (sent || !isTime(stderr)) return
    sent = true
    send(rank, signal)
  }
  return { watch }
}
const ended = (finished: Finished, code: number) => assert.equal(finished.code, code, finished.stderr)

test('asked to stop while they evaluate, replicas do, and other numbers of them go on with that evaluation', {
  skip,
}, async () => {
  const evaluates = () => logOf('run').some(event => event.type === 'step' && event.step === 4)
  const stopped = await replicas(2, run('run'), sending(1, 'SIGTERM', evaluates))
  ended(stopped, 130)
  assert.deepEqual(said(stopped), [])
  const last = logOf('run').at(-1)
  assert.ok(last?.type === 'interrupted' && last.step === 4)
  assert.ok(!logOf('run').some(event => event.type === 'evaluation'))
  const file = path.join(root, 'run', 'checkpoints', 'step-00000004.safetensors')
  const tensors = () => {
    using checkpoint = readCheckpoint(file)
    return checkpoint.names.map(name => Buffer.from(checkpoint.tensor(name).bytes).toString('base64'))
  }
  {
    using saved = readCheckpoint(file)
    assert.equal(decodeState(saved).unevaluated, true)
  }
  const before = tensors()
  ended(await replicas(3, goOn('run')), 0)
  assert.deepEqual(tensors(), before)
  const evaluation = logOf('run').find(event => event.type === 'evaluation')
  assert.ok(evaluation?.type === 'evaluation' && evaluation.step === 4 && evaluation.images === 492)
  assert.equal(logOf('run').at(-1)?.type, 'done')

  const evaluate = 'evaluate --checkpoint run --data data --json --precision f32 --passes no-tune --out result'.split(
    ' ',
  )
  const files = () => readdirSync(mkdir('result')).map(name => path.join(root, 'result', name))
  const half = await replicas(
    2,
    evaluate,
    sending(1, 'SIGTERM', () => files().some(file => statSync(file).size > 1000)),
  )
  ended(half, 130)
  assert.deepEqual(said(half), ['inception: interrupted; the same command goes on'])
  assert.ok(files().length > 0 && files().every(file => file.endsWith('-of-2.progress')))
  const whole = assertDone(await inception(evaluate, { cwd: root }))
  const { members } = JSON.parse(whole.stdout) as EvaluationResult
  assert.equal(members[0]!.top1Error, evaluation.top1Error)
  assert.ok(!files().some(file => file.endsWith('.progress')))
})

const mkdir = (name: string) => {
  const folder = path.join(root, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

test('a replica that is killed ends all, and others go on when nobody has the folder', { skip }, async () => {
  const args = run('killed', '--epochs', '40', '--evaluate-epochs', '40')
  const isUnderWay = () => logOf('killed').some(event => event.type === 'step' && event.step === 4)
  const killed = await replicas(2, args, sending(1, 'SIGKILL', isUnderWay))
  assert.notEqual(killed.code, 0)
  assert.ok(!logOf('killed').some(event => event.type === 'done'))
  // As a process leaves it that died on another machine. The others hear of the first one while it waits, and it of them.
  const lock = path.join(root, 'killed', '.lock-1-2-01234567-node-3')
  writeFileSync(lock, '7')
  const waited = await replicas(
    2,
    goOn('killed'),
    sending(1, 'SIGTERM', stderr => /^warning: killed is locked by process 1 on node-3: /m.test(stderr)),
  )
  ended(waited, 130)
  assert.deepEqual(said(waited), ['inception: interrupted; the same command starts again'])
  assert.deepEqual(
    readdirSync(path.join(root, 'killed')).filter(name => name.startsWith('.lock')),
    [path.basename(lock)],
  )
})

const privately = (folder: string) => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `mount -t tmpfs none ${folder} && exec "$@"`,
  'sh',
]
const noMounts = spawnSync('unshare', ['--mount', 'true']).status === 0 ? false : 'only root can mount a folder'

test('a folder that one replica does not share with the others is told before anything is written', {
  skip: skip || noMounts,
}, async () => {
  const folder = mkdir('own')
  const apart = await replicas(2, run('own/run'), { lastBy: privately(folder) })
  ended(apart, 1)
  assert.equal(said(apart).length, 1, apart.stderr)
  assert.match(
    said(apart)[0]!,
    /: own\/run is not shared: replica 1 \(.*\) does not see what replica 0 \(.*\) writes there; /,
  )
  assert.deepEqual(readdirSync(folder), [])
})
