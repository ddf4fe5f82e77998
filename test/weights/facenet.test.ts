import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { openSafetensors } from '../../src/formats/safetensors.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { decodeState, restore } from '../../src/training/checkpoint-state.js'
import { exportWeights } from '../../src/weights/export-weights.js'
import { facenet2018 } from '../../src/weights/facenet/facenet.js'
import { isScale } from '../../src/weights/family.js'
import { importWeights } from '../../src/weights/import-weights.js'
import { assertDone, assertRefused, inception } from '../cli/inception.js'
import { writeBundle } from '../formats/tensorflow-writer.js'
import { separate, zipFile } from '../formats/torch-writer.js'
import { checkLogits } from '../golden/golden.js'
import { goldenInceptionResnetV1Facenet as golden } from '../golden/inception-resnet-v1-facenet.js'
import { goldenWeights, scalelessWeights } from './golden-weights.js'
import { refuses } from './refuses.js'
import { bundledFloats, toTensorflow } from './tensorflow-file.js'

const folder = mkdtempSync(path.join(tmpdir(), 'facenet-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)
const { id } = golden.network

test("facenet's checkpoint, imported by the command, gives the golden embeddings", async () => {
  const prefix = place('model-20180402-114759.ckpt-275')
  const weights = scalelessWeights(golden)
  const tensors = [...facenet2018.names]
    .filter(([ours]) => !isScale(ours))
    .map(([ours, theirs]) => {
      const { shape, values } = weights(ours)
      const there = toTensorflow(values, shape)
      return bundledFloats(theirs, there.shape, there.values)
    })
  const classifier = [
    bundledFloats('Logits/weights', [512, 3], new Float32Array(512 * 3)),
    bundledFloats('Logits/biases', [3], new Float32Array(3)),
  ]
  writeBundle(prefix, [...tensors, ...classifier], 1)

  const out = place('facenet.checkpoint')
  const { stdout } = assertDone(await inception(['import', prefix, '--network', id, '--out', out]))
  assert.match(
    stdout,
    /with embeddings of 512 numbers from facenet's Inception-ResNet-v1, 23,467,824 parameters in 490 tensors/,
  )
  assert.match(stdout, /^the names fit inception-resnet-v1-facenet-2017 as well, which is fed other numbers: docs/m)
  assert.match(stdout, /^ignored: the classifier of the faces it was trained on \(2\)$/m)
  using checkpoint = readCheckpoint(out)
  const { model, classNames, crop, centralFraction } = decodeState(checkpoint)
  assert.deepEqual([model.classes, model.size, model.normScale, classNames], [512, 160, false, []])
  assert.deepEqual([crop, centralFraction], ['torchvision', 1])
  const backend = openBackend('auto', () => {}, {})
  checkLogits(backend, golden, { images: 1, normScale: false, fill: store => restore(store, checkpoint) })
})

test("facenet-pytorch's weights are imported with their classifier ignored, and exported as they came", async () => {
  const weights = goldenWeights(golden)
  const tensors = [...golden.names].map(([ours, name]) => {
    const { shape, values } = weights(ours)
    return { name, shape, type: 'FloatStorage', bytes: new Uint8Array(values.buffer) }
  })
  const classifier = [
    { name: 'logits.weight', shape: [2, 512], type: 'FloatStorage', bytes: new Uint8Array(2 * 512 * 4) },
    { name: 'logits.bias', shape: [2], type: 'FloatStorage', bytes: new Uint8Array(2 * 4) },
  ]
  const file = place('20180402-114759-vggface2.pt')
  writeFileSync(file, zipFile(separate([...tensors, ...classifier])))
  const out = place('facenet-pytorch.checkpoint')
  const options = { file, from: 'auto', network: id, out } as const
  await refuses(
    () => importWeights({ ...options, classes: file }),
    /gives embeddings, which have no classes: leave --classes/,
  )
  const imported = await importWeights(options)
  assert.deepEqual([imported.embedding, imported.alike], [512, []])
  assert.deepEqual(
    imported.ignored.map(({ name }) => name),
    ['logits.weight', 'logits.bias'],
  )

  using checkpoint = readCheckpoint(out)
  assert.deepEqual(checkpoint.tensor('bottleneck.weights').shape, [512, 1792, 1, 1])
  const again = place('again.safetensors')
  exportWeights(checkpoint, 'facenet', again)
  using exported = openSafetensors(again)
  assert.deepEqual([...exported.tensors.keys()].sort(), tensors.map(({ name }) => name).sort())
  for (const { name, shape, bytes } of tensors) {
    assert.deepEqual(exported.info(name).shape, shape, name)
    assert.ok(Buffer.from(exported.read(name)).equals(bytes), name)
  }
})

test('a network of embeddings is neither evaluated nor trained, which its message says', async () => {
  const data = place('faces')
  for (const split of ['train', 'val']) mkdirSync(path.join(data, split, 'somebody'), { recursive: true })
  const message = /gives embeddings and no classes: 'inception predict --embed'/
  const checkpoint = place('facenet.checkpoint')
  assertRefused(await inception(['evaluate', '--checkpoint', checkpoint, '--data', data]), 2, message)
  assertRefused(await inception(['train', '--network', id, '--data', data, '--out', place('run')]), 2, message)
  assertRefused(await inception(['bench', 'train', '--network', id, '--backend', 'reference']), 2, message)
})
