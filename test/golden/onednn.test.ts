import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { createOnednn, sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { Stopwatch } from '../../src/backends/onednn/stopwatch.js'
import { TimeSource, Tuner } from '../../src/backends/onednn/tuner.js'
import { TuningCache } from '../../src/backends/onednn/tuning-cache.js'
import { allPasses } from '../../src/graph/passes/pass-names.js'
import { otherKernels } from '../backends/other-kernels.js'
import { goldenBnInception } from './bn-inception.js'
import { goldenBnInceptionCaffe } from './bn-inception-caffe.js'
import { checkGradients, checkLogits } from './golden.js'
import { goldenInceptionResnetV1 } from './inception-resnet-v1.js'
import { goldenInceptionResnetV1Facenet } from './inception-resnet-v1-facenet.js'
import { goldenInceptionResnetV2Slim } from './inception-resnet-v2-slim.js'
import { goldenInceptionV3 } from './inception-v3.js'
import { goldenInceptionV3Torch } from './inception-v3-torch.js'
import { goldenInceptionV4 } from './inception-v4.js'
import { readGradientOracle } from './oracle.js'
import { goldenResnet152 } from './resnet-152.js'
import { goldenResnet152Slim } from './resnet-152-slim.js'
import { goldenResnet152V1 } from './resnet-152-v1.js'

const shared = sharedOnednn()

if ('reason' in shared) test('golden numbers on oneDNN', { skip: shared.reason }, () => {})
else {
  const folder = mkdtempSync(path.join(tmpdir(), 'tuning-'))
  after(() => rmSync(folder, { recursive: true }))
  const times = new TimeSource(new Stopwatch(shared.api), new TuningCache('test', folder))
  const plain = createOnednn(shared, new Set(), times, undefined)
  const tuned = createOnednn(shared, allPasses, times, new Tuner(times))
  // Every kernel is another than the default where the library has one: blocked layouts, Winograd's algorithm.
  const other = createOnednn(shared, allPasses, times, otherKernels)

  for (const golden of [goldenInceptionV4, goldenInceptionResnetV1, goldenInceptionV3Torch, goldenResnet152]) {
    const { id } = golden.network
    for (const [how, backend] of [
      ['every optimisation off', plain],
      ['every optimisation on', tuned],
      ['other kernels', other],
    ] as const) {
      test(`${id} on oneDNN, ${how}: logits of two images in f32`, () => {
        checkLogits(backend, golden)
      })

      const skip = backend.precisions.includes('bf16') ? false : 'this processor has no bf16'
      test(`${id} on oneDNN, ${how}: logits of two images in bf16`, { skip }, () => {
        checkLogits(backend, golden, { precision: 'bf16' })
      })
    }

    test(`${id} on oneDNN: every stage in f32`, () => {
      checkLogits(plain, golden, { stages: true })
    })
  }

  // Released elsewhere, with few kernels that those above have not.
  for (const golden of [
    goldenInceptionV3,
    goldenInceptionResnetV2Slim,
    goldenBnInception,
    goldenResnet152Slim,
    goldenInceptionResnetV1Facenet,
    goldenBnInceptionCaffe,
    goldenResnet152V1,
  ])
    test(`${golden.network.id} on oneDNN: every stage in f32`, () => {
      checkLogits(plain, golden, { stages: true })
    })

  const gradients = readGradientOracle('inception-v4-grad')
  test('inception-v4 on oneDNN, every optimisation off: gradients of a training step', () => {
    checkGradients(plain, goldenInceptionV4, gradients)
  })
  test('inception-v4 on oneDNN, every optimisation on, recomputing: gradients of a training step', () => {
    checkGradients(tuned, goldenInceptionV4, gradients, { recompute: 'between' })
  })
  test('inception-v4 on oneDNN, other kernels: gradients of a training step', () => {
    checkGradients(other, goldenInceptionV4, gradients)
  })
}
