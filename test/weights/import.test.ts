import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { type Shape, sizeOf } from '../../src/base/shape.js'
import { fileDigest } from '../../src/formats/file-digest.js'
import { openSafetensors, type TensorSource, writeSafetensors } from '../../src/formats/safetensors.js'
import { averageName } from '../../src/optim/average.js'
import { type Checkpoint, readCheckpoint, writeCheckpointFile } from '../../src/training/checkpoint.js'
import { type CheckpointState, decodeState, encodeState, restore } from '../../src/training/checkpoint-state.js'
import { exportWeights } from '../../src/weights/export-weights.js'
import { importWeights } from '../../src/weights/import-weights.js'
import { timmInceptionV4 } from '../../src/weights/torch/timm-inception-v4.js'
import { variablesOf } from '../../src/weights/variables.js'
import { assertDone, assertRefused, inception } from '../cli/inception.js'
import { legacyFile, separate, zipFile } from '../formats/torch-writer.js'
import { checkLogits } from '../golden/golden.js'
import { goldenInceptionV4 } from '../golden/inception-v4.js'
import { synthesise } from '../golden/synthetic.js'
import { refuses } from './refuses.js'

const folder = mkdtempSync(path.join(tmpdir(), 'import-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

const { oracle } = goldenInceptionV4
const isCounter = (name: string) => name.endsWith('num_batches_tracked')

/** The formula's weights under timm's names, as a file of PyTorch has them: the counters are whole numbers. */
const tensors = oracle.keys.map(([name, shape, kind]) => ({
  name,
  shape,
  bytes: () =>
    isCounter(name) ? new Uint8Array(8) : new Uint8Array(synthesise(name, shape, kind, oracle.g, 0).buffer),
}))

const weights = place('model.safetensors')
const typeOf = (name: string) => (isCounter(name) ? 'I64' : 'F32')
writeSafetensors(
  weights,
  tensors.map(tensor => ({ ...tensor, dtype: typeOf(tensor.name) })),
  { format: 'pt' },
)

/** The file with some of its tensors replaced. */
function changed(change: Readonly<Record<string, Partial<TensorSource>>>): string {
  using original = openSafetensors(weights)
  const file = place('changed.safetensors')
  writeSafetensors(
    file,
    tensors.map(({ name, shape }) => ({
      ...{ name, shape, dtype: typeOf(name), bytes: () => original.read(name) },
      ...change[name],
    })),
  )
  return file
}

const imported = (file: string, out = `${file}.checkpoint`) =>
  inception(['import', file, '--from', 'timm', '--network', 'inception-v4', '--out', out])

/** Every tensor of a checkpoint by name. */
const numbersOf = (checkpoint: Checkpoint) =>
  checkpoint.names.map(name => [name, checkpoint.tensor(name).shape, fingerprint(checkpoint.tensor(name).bytes)])

function fingerprint(bytes: Uint8Array): string {
  writeFileSync(place('bytes'), bytes)
  return fileDigest(place('bytes'))
}

test("timm's Inception-v4, imported by the command, gives the logits that timm gives", async () => {
  const ended = assertDone(await imported(weights))
  assert.match(
    ended.stdout,
    /inception-v4 of 1,000 classes from timm's inception_v4, 42,679,816 parameters in 747 tensors/,
  )
  assert.match(ended.stdout, /ignored: counters of training steps \(149\)/)
  using checkpoint = readCheckpoint(`${weights}.checkpoint`)
  const state = decodeState(checkpoint)
  assert.deepEqual(
    [checkpoint.step, state.epoch, state.crop, state.centralFraction, state.model.normScale],
    [0, 0, 'timm', 0.875, true],
  )
  assert.deepEqual(state.source, {
    file: 'model.safetensors',
    sha256: fileDigest(weights),
    from: "timm's inception_v4",
  })
  const backend = openBackend('auto', () => {}, {})
  checkLogits(backend, goldenInceptionV4, { images: 1, fill: store => restore(store, checkpoint) })
})

test('the same weights in either form of PyTorch give the same bits', async () => {
  using plain = readCheckpoint(`${weights}.checkpoint`)
  const wanted = numbersOf(plain)
  const parts = separate(
    tensors.map(({ bytes, ...tensor }) => ({
      ...tensor,
      type: isCounter(tensor.name) ? 'LongStorage' : 'FloatStorage',
      bytes: bytes(),
    })),
  )
  for (const [name, write] of [
    ['zip.pth', zipFile],
    ['legacy.pth', legacyFile],
  ] as const) {
    writeFileSync(place(name), write(parts))
    assertDone(await imported(place(name), place('again.checkpoint')))
    using checkpoint = readCheckpoint(place('again.checkpoint'))
    assert.deepEqual(numbersOf(checkpoint), wanted)
    rmSync(place(name))
  }
})

test('exported and imported again, every tensor is what it was', async () => {
  const out = place('exported.safetensors')
  assertDone(
    await inception(['export', `${weights}.checkpoint`, '--to', 'safetensors', '--names', 'timm', '--out', out]),
  )
  using exported = openSafetensors(out)
  const held = tensors.filter(({ name }) => !isCounter(name))
  assert.deepEqual([...exported.tensors.keys()].sort(), held.map(({ name }) => name).sort())
  for (const { name, bytes } of held.filter((_, i) => i % 50 === 0)) assert.deepEqual(exported.read(name), bytes())
  assertDone(await imported(out))
  using first = readCheckpoint(`${weights}.checkpoint`)
  using second = readCheckpoint(`${out}.checkpoint`)
  assert.deepEqual(numbersOf(second), numbersOf(first))
})

const options = { from: 'auto', network: 'inception-v4', out: place('out.checkpoint') } as const

/** Imports within this process. */
async function importing(file: string, classes?: string): Promise<CheckpointState> {
  await importWeights({ ...options, file, classes })
  using checkpoint = readCheckpoint(options.out)
  return decodeState(checkpoint)
}

const bias = 'last_linear.bias'
const weight = 'last_linear.weight'
const ramp = (...shape: Shape) => ({
  shape,
  bytes: () => new Uint8Array(Float32Array.from({ length: sizeOf(shape) }, (_, i) => i % 1536).buffer),
})

function lines(names: readonly string[]): string {
  writeFileSync(place('classes.txt'), `${names.join('\n')}\n`)
  return place('classes.txt')
}

const wnids = Array.from({ length: 1000 }, (_, i) => `n${String(i + 1440764).padStart(8, '0')}`)

test("of 1001 rows the first, TF-Slim's background, is dropped; with 1001 names it is kept", async () => {
  const file = changed({ [bias]: ramp(1001), [weight]: ramp(1001, 1536) })
  const state = await importing(file, lines(wnids))
  assert.deepEqual(state.classNames, wnids)
  assert.equal(state.model.classes, 1000)
  using checkpoint = readCheckpoint(options.out)
  assert.deepEqual([...new Float32Array(checkpoint.tensor('logits.bias').bytes.buffer).subarray(0, 3)], [1, 2, 3])
  assert.deepEqual(checkpoint.tensor('logits.weights').shape, [1000, 1536])

  const all = await importing(file, lines(['background', ...wnids]))
  assert.equal(all.model.classes, 1001)
  using whole = readCheckpoint(options.out)
  assert.equal(new Float32Array(whole.tensor('logits.bias').bytes.buffer)[0], 0)
})

test('weights that are no numbers, or negative variances, are refused and leave no checkpoint', async () => {
  const filled = (value: number, length: number) => ({
    bytes: () => new Uint8Array(new Float32Array(length).fill(value).buffer),
  })
  rmSync(options.out, { force: true })
  await refuses(
    () => importing(changed({ [bias]: filled(Number.NaN, 1000) })),
    /element 0 of "last_linear\.bias" is NaN/,
  )
  await refuses(
    () => importing(changed({ 'features.0.bn.running_var': filled(-1, 32) })),
    /"features\.0\.bn\.running_var" has a variance below 0/,
  )
  assert.throws(() => statSync(options.out))
})

test('the checkpoint may not be the file itself, and the file must be one of weights', async () => {
  await refuses(() => importWeights({ ...options, file: weights, out: weights }), /is the file to import/)
  await refuses(
    () => importWeights({ ...options, file: lines(['a', 'b']) }),
    /neither a safetensors file, nor one that PyTorch .* or Keras .* wrote, nor a whole checkpoint of TensorFlow/,
  )
  await refuses(() => importWeights({ ...options, file: folder }), /not a regular file/)
  await refuses(
    () => importWeights({ ...options, file: checkpointWith({}, name => [name]) }),
    /given\.checkpoint is a checkpoint of this program already/,
  )
})

/** A checkpoint whose tensors are filled with one number each. */
function checkpointWith(model: Partial<CheckpointState['model']>, names: (name: string) => readonly string[]): string {
  const spec = { network: 'inception-v4', classes: 2, size: 299, width: 1, normScale: true, ...model }
  const state = encodeState({ model: spec, classNames: ['a', 'b'], centralFraction: 0.875, epoch: 1 })
  const shapes = [...variablesOf('inception-v4', 2, { auxiliary: false })]
  const sources = shapes.flatMap(([ours, shape]) =>
    names(ours).map(
      (name, i): TensorSource => ({
        ...{ name, shape, dtype: 'F32' },
        bytes: () => new Uint8Array(new Float32Array(sizeOf(shape)).fill(i + 1).buffer),
      }),
    ),
  )
  writeCheckpointFile(place('given.checkpoint'), 5, { state, tensors: sources })
  return place('given.checkpoint')
}

test('running averages are what is exported, and norms without scale get one of 1', () => {
  const file = checkpointWith({ normScale: false }, name =>
    name.endsWith('.norm.scale') ? [] : [name, averageName(name)],
  )
  using checkpoint = readCheckpoint(file)
  const out = place('averages.safetensors')
  assert.equal(exportWeights(checkpoint, 'timm', out).tensors, timmInceptionV4.names.size)
  using exported = openSafetensors(out)
  const first = (name: string) => new Float32Array(exported.read(name).buffer)[0]
  assert.deepEqual(['features.0.conv.weight', 'features.0.bn.bias', 'features.0.bn.weight'].map(first), [2, 2, 1])
})

test('what no library can load is not exported', async () => {
  const exporting = (model: Partial<CheckpointState['model']>) => async () => {
    using checkpoint = readCheckpoint(checkpointWith(model, () => []))
    exportWeights(checkpoint, 'timm', place('never'))
  }
  await refuses(
    exporting({ width: 0.5, blocks: { a: 1 } }),
    /with width 0\.5, 1 blocks a, which timm's inception_v4 has not/,
  )
  await refuses(exporting({ extraNorm: 'last' }), /an extra norm \(last\)/)
  await refuses(exporting({ network: 'inception-resnet-v1' }), /no library's names are known for inception-resnet-v1/)
  await refuses(exporting({}), /has no tensor "stem/)
  await refuses(async () => {
    using checkpoint = readCheckpoint(checkpointWith({}, () => []))
    exportWeights(checkpoint, 'timm', checkpoint.file)
  }, /is the checkpoint to export/)
})

test('the commands say in one line what is wrong', async () => {
  const given = ['--network', 'inception-v4', '--out', place('never')]
  assertRefused(await inception(['import', place('missing.pth'), ...given]), 1, /cannot read .*missing\.pth/)
  assertRefused(await inception(['import', weights, ...given, '--from', 'caffe']), 2, /unknown library 'caffe'/)
  assertRefused(await inception(['import', weights, '--out', place('never')]), 2, /--network/)
  assertRefused(
    await inception(['export', weights, '--names', 'timm', '--out', place('never')]),
    1,
    /is not a checkpoint/,
  )
  assertRefused(
    await inception(['export', weights, '--names', 'tim', '--out', place('never')]),
    2,
    /did you mean 'timm'/,
  )
  assertRefused(await inception(['export', weights, '--out', place('never')]), 2, /--to safetensors needs '--names/)
})
