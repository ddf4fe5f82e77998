import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after, beforeEach } from 'node:test'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { openSafetensors, type TensorSource, writeSafetensors } from '../../src/formats/safetensors.js'
import {
  expectNetwork,
  latestCheckpoint,
  readCheckpoint,
  writeCheckpoint,
  writeCheckpointFile,
} from '../../src/training/checkpoint.js'
import { failingCalls } from '../formats/failing-calls.js'

const root = mkdtempSync(path.join(tmpdir(), 'checkpoint-'))
after(() => rmSync(root, { recursive: true }))
let folder = ''
let turn = 0
beforeEach(() => {
  folder = path.join(root, String(turn++))
})

const f32 = (name: string, ...values: number[]): TensorSource => ({
  name,
  dtype: 'F32',
  shape: [values.length],
  bytes: () => new Uint8Array(Float32Array.from(values).buffer),
})

const contents = (step: number) => ({
  state: { network: 'inception-v4', classes: 10, epoch: step / 8, nested: { list: [1, 0.1, null, 'é'] } },
  tensors: [f32('a', step, 0.1), { ...f32('b', 1), dtype: 'BF16', shape: [2, 1] } satisfies TensorSource],
})

const nobodyWarns = (message: string) => assert.fail(message)
const names = () => readdirSync(folder).sort()

test('a checkpoint gives back its state and tensors', () => {
  const file = writeCheckpoint(folder, 1234, contents(1234), { keep: 2 })
  assert.equal(file, path.join(folder, 'step-00001234.safetensors'))
  using checkpoint = readCheckpoint(file)
  assert.equal(checkpoint.step, 1234)
  assert.equal(checkpoint.file, file)
  assert.deepEqual(checkpoint.state, contents(1234).state)
  assert.deepEqual(checkpoint.names, ['a', 'b'])
  const { dtype, shape, bytes } = checkpoint.tensor('a')
  assert.deepEqual([dtype, shape, [...new Float32Array(bytes.buffer)]], ['F32', [2], [1234, Math.fround(0.1)]])
  assert.deepEqual(checkpoint.tensor('b').shape, [2, 1])
  assert.throws(() => checkpoint.tensor('c'), UserError)
})

test('the same contents give the same file, which is a plain safetensors file', () => {
  const [one, two] = ['one', 'two'].map(name => path.join(root, name))
  writeCheckpointFile(one!, 5, contents(5))
  writeCheckpointFile(two!, 5, contents(5))
  assert.deepEqual(readFileSync(one!), readFileSync(two!))
  using file = openSafetensors(one!)
  assert.deepEqual([...file.metadata.keys()], ['sha256', 'checkpoint', 'step', 'state'])
  assert.match(file.metadata.get('sha256')!, /^[0-9a-f]{64}$/)
})

test('tensors larger than one piece are hashed and written whole, and each piece is told', () => {
  const big = new Uint8Array(20 * 2 ** 20).map((_, i) => i % 251)
  const file = path.join(root, 'big')
  let [written, read] = [0, 0]
  const tensors = [{ name: 'big', dtype: 'U8', shape: [big.length], bytes: () => big }] as const
  writeCheckpointFile(file, 1, { state: {}, tensors }, { progress: () => written++ })
  using checkpoint = readCheckpoint(file, () => read++)
  assert.equal(written, 3)
  assert.ok(read >= 3)
  assert.ok(Buffer.from(big).equals(checkpoint.tensor('big').bytes))
})

test('each flipped bit and each cut of a checkpoint is found', () => {
  const file = writeCheckpoint(folder, 3, contents(3), { keep: 1 })
  const whole = readFileSync(file)
  const damaged = path.join(folder, 'damaged')
  const expectRefusal = (bytes: Uint8Array, what: string) => {
    writeFileSync(damaged, bytes)
    assert.throws(
      () => readCheckpoint(damaged),
      (error: unknown) => error instanceof UserError && error.message.includes(damaged),
      what,
    )
  }
  for (let at = 0; at < whole.length; at++) {
    const flipped = Buffer.from(whole)
    flipped[at] = flipped[at]! ^ (1 << (at % 8))
    expectRefusal(flipped, `byte ${at}`)
    expectRefusal(whole.subarray(0, at), `cut at ${at}`)
  }
  expectRefusal(Buffer.concat([whole, Buffer.of(0)]), 'one byte more')
})

test('tensors that are no checkpoint are refused as that', () => {
  mkdirSync(folder)
  const file = path.join(folder, 'weights.safetensors')
  writeSafetensors(file, [f32('a', 1)], { format: 'pt' })
  assert.throws(() => readCheckpoint(file), /weights\.safetensors is not a checkpoint .* import it first/)
})

test('the newest are kept, and other files are let be', () => {
  mkdirSync(folder)
  writeFileSync(path.join(folder, 'notes.txt'), '')
  for (const step of [1, 2, 3, 99_999_999, 100_000_000]) writeCheckpoint(folder, step, contents(step), { keep: 2 })
  assert.deepEqual(names(), ['notes.txt', 'step-100000000.safetensors', 'step-99999999.safetensors'])
  using latest = latestCheckpoint(folder, nobodyWarns)
  assert.equal(latest.step, 100_000_000)
  for (const keep of [0, -1, 1.5, Number.NaN])
    assert.throws(() => writeCheckpoint(folder, 1, contents(1), { keep }), /whole number of at least 1/)
})

test('a run that went back leaves no checkpoint of the course it left', () => {
  for (const step of [10, 20, 30]) writeCheckpoint(folder, step, contents(step), { keep: 3 })
  writeCheckpoint(folder, 15, contents(15), { keep: 1 })
  assert.deepEqual(names(), ['step-00000015.safetensors'])
})

test('a damaged newest checkpoint is passed over, and said so', () => {
  for (const step of [1, 2, 3]) writeCheckpoint(folder, step, contents(step), { keep: 3 })
  writeFileSync(path.join(folder, 'step-00000003.safetensors'), '')
  copyFileSync(path.join(folder, 'step-00000001.safetensors'), path.join(folder, 'copy'))
  const damaged = readFileSync(path.join(folder, 'step-00000002.safetensors'))
  damaged[damaged.length - 1]! ^= 1
  writeFileSync(path.join(folder, 'step-00000002.safetensors'), damaged)
  const warnings: string[] = []
  using latest = latestCheckpoint(folder, message => warnings.push(message))
  assert.equal(latest.step, 1)
  assert.equal(warnings.length, 2)
  assert.match(warnings[0]!, /step-00000003.*going back/)
  assert.match(warnings[1]!, /step-00000002.*SHA-256.*going back/)
})

test('without a whole checkpoint there is an error that says so', () => {
  assert.throws(() => latestCheckpoint(folder, nobodyWarns), /there is no checkpoint in/)
  mkdirSync(folder)
  assert.throws(() => latestCheckpoint(folder, nobodyWarns), /there is no checkpoint in/)
  writeFileSync(path.join(folder, 'step-00000001.safetensors'), 'x')
  assert.throws(() => latestCheckpoint(folder, () => {}), /none of the 1 checkpoints .* is whole/)
})

test('whichever call fails, or is the last before death, a whole checkpoint is there', () => {
  const total = failingCalls(0)
  const prepare = () => {
    rmSync(folder, { recursive: true, force: true })
    for (const step of [1, 2]) writeCheckpoint(folder, step, contents(step), { keep: 2 })
  }
  prepare()
  writeCheckpoint(folder, 3, contents(3), { keep: 1, calls: total })
  for (const dead of [false, true])
    for (let k = 1; k <= total.count; k++) {
      prepare()
      const calls = failingCalls(k, 'ENOSPC', dead)
      assert.throws(() => writeCheckpoint(folder, 3, contents(3), { keep: 1, calls }), UserError)
      using latest = latestCheckpoint(folder, nobodyWarns)
      assert.equal(latest.step, calls.renamed ? 3 : 2, `call ${k}`)
      if (!calls.renamed && !dead) assert.deepEqual(names(), ['step-00000001.safetensors', 'step-00000002.safetensors'])
      // The next checkpoint tidies up after the dead.
      writeCheckpoint(folder, 4, contents(4), { keep: 1 })
      assert.deepEqual(names(), ['step-00000004.safetensors'])
    }
})

test('a process killed at any moment leaves a whole checkpoint', { timeout: 60_000 }, async () => {
  const module = new URL('../../src/training/checkpoint.js', import.meta.url).href
  const program = `
    import { writeCheckpoint } from ${JSON.stringify(module)}
    const folder = process.argv[1]
    const from = Number(process.argv[2])
    const bytes = new Uint8Array(1 << 20)
    for (let step = from; ; step++) {
      bytes.fill(step)
      const tensors = ['a', 'b', 'c'].map(name => ({ name, dtype: 'U8', shape: [bytes.length], bytes: () => bytes }))
      writeCheckpoint(folder, step, { state: { step }, tensors }, { keep: 2 })
      process.stdout.write(step + '\\n')
    }`
  const random = new RandomStream(5, 'kills')
  let reached = 0
  for (let kill = 0; kill < 10; kill++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder, String(reached + 1)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let told = reached
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (text: string) => {
      told = Math.max(told, ...text.trim().split('\n').map(Number))
    })
    const closed = once(child, 'close')
    await once(child.stdout, 'data')
    setTimeout(() => child.kill('SIGKILL'), random.uniform(0, 25))
    await closed
    using latest = latestCheckpoint(folder, nobodyWarns)
    assert.ok(latest.step >= told, `step ${told} was written and step ${latest.step} is there`)
    assert.equal(latest.state.step, latest.step)
    assert.ok(latest.tensor('c').bytes.every(byte => byte === latest.step % 256))
    reached = latest.step
  }
  writeCheckpoint(folder, reached + 1, contents(1), { keep: 1 })
  assert.equal(names().length, 1)
})

test('a checkpoint of another network is refused by what it holds', () => {
  const checkpoint = { file: 'X', state: { network: 'inception-v4', classes: 10 } }
  expectNetwork(checkpoint, { network: 'inception-v4', classes: 10 })
  const other = { network: 'inception-resnet-v2', classes: 1000 }
  const message = /checkpoint X holds inception-v4 with 10 classes, not inception-resnet-v2 with 1000/
  assert.throws(() => expectNetwork(checkpoint, other), message)
  assert.throws(() => expectNetwork(checkpoint, { network: 'inception-v4', classes: 11 }), UserError)
  assert.throws(() => expectNetwork({ file: 'X', state: {} }, other), /does not say which network/)
})

test('state that JSON would change is refused and leaves no file', () => {
  assert.throws(
    () => writeCheckpoint(folder, 1, { state: { loss: Number.NaN }, tensors: [] }, { keep: 1 }),
    /state\.loss is NaN/,
  )
  assert.deepEqual(names(), [])
})
