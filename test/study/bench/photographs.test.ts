import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import sharp from 'sharp'
import { writePhotographs } from '../../../src/study/bench/photographs.js'

test('pictures for timing the decoder are as large as ImageNet’s photographs, in pixels and in bytes', async t => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-photographs-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { items } = await writePhotographs(path.join(folder, 'data'), 20)
  assert.equal(items.length, 20)
  const files = items.map(item => readFileSync(item.path))
  const mean = files.reduce((sum, { length }) => sum + length, 0) / files.length
  assert.ok(mean > 100e3 && mean < 120e3, `${mean} bytes`)
  for (const file of files) {
    const { width, height, format } = await sharp(file).metadata()
    assert.deepEqual({ width, height, format }, { width: 500, height: 375, format: 'jpeg' })
  }
})
