import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { openBackend } from '../../src/backends/open.js'
import { openSafetensors } from '../../src/formats/safetensors.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { restore } from '../../src/training/checkpoint-state.js'
import { exportWeights } from '../../src/weights/export-weights.js'
import { importWeights } from '../../src/weights/import-weights.js'
import { legacyFile, separate } from '../formats/torch-writer.js'
import { goldenBnInceptionCaffe as golden } from '../golden/bn-inception-caffe.js'
import { checkLogits } from '../golden/golden.js'
import { goldenWeights } from './golden-weights.js'

const folder = mkdtempSync(path.join(tmpdir(), 'cadene-'))
after(() => rmSync(folder, { recursive: true }))
const place = (name: string) => path.join(folder, name)

test("Cadene's BN-Inception gives the golden logits of pixels that are blue first, and is exported as it came", async () => {
  const weights = goldenWeights(golden)
  const tensors = [...golden.names].map(([ours, name]) => {
    const { shape, values } = weights(ours)
    return { name, shape, type: 'FloatStorage', bytes: new Uint8Array(values.buffer) }
  })
  const file = place('bn_inception-239d2248.pth')
  writeFileSync(file, legacyFile(separate(tensors)))
  const out = place('bn-inception.checkpoint')
  const imported = await importWeights({ file, from: 'auto', network: golden.network.id, out })
  assert.deepEqual([imported.tensors, imported.parameters, imported.ignored], [416, 11_295_240, []])
  using checkpoint = readCheckpoint(out)
  const backend = openBackend('auto', () => {}, {})
  checkLogits(backend, golden, { images: 1, fill: store => restore(store, checkpoint) })

  const again = place('again.safetensors')
  exportWeights(checkpoint, 'timm', again)
  using exported = openSafetensors(again)
  assert.equal(exported.tensors.size, tensors.length)
  for (const { name, bytes } of tensors) assert.ok(Buffer.from(exported.read(name)).equals(bytes), name)
})
