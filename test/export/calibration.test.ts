import assert from 'node:assert/strict'
import test from 'node:test'
import { openCalibration } from '../../src/export/onnx/calibration.js'
import { temporaryFolder } from '../data/picture.js'
import { classes, drawMiniature, forms } from '../data/sources/miniature.js'

const images = await drawMiniature()

for (const form of ['class folders', 'archives of ILSVRC', 'CSV tables'])
  test(`calibration takes the training images of ${form}`, async t => {
    const folder = await temporaryFolder(t)
    await forms[form]!(folder, images)
    const set = await openCalibration(folder)
    assert.deepEqual(set.classes, classes)
    assert.equal(set.items.length, images.train.length)
  })
