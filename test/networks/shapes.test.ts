import assert from 'node:assert/strict'
import test from 'node:test'
import { findNetwork, networks } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'

/** A row of a shape table: endpoint, channels, and the side of the map at the published size, at 150 and at 97 pixels. */
type Row = readonly [endpoint: string, channels: number, sides: readonly [number, number, number]]

const stem = [
  ['stem.conv_1a', 32, [149, 74, 48]],
  ['stem.conv_2a', 32, [147, 72, 46]],
  ['stem.conv_2b', 64, [147, 72, 46]],
] as const
const stemV3 = [
  ...stem,
  ['stem.pool_3a', 64, [73, 35, 22]],
  ['stem.conv_3b', 80, [73, 35, 22]],
  ['stem.conv_4a', 192, [71, 33, 20]],
] as const
const stemV4 = [
  ...stem,
  ['stem.mixed_3a', 160, [73, 35, 22]],
  ['stem.mixed_4a', 192, [71, 33, 20]],
  ['stem.mixed_5a', 384, [35, 16, 9]],
  ['stem', 384, [35, 16, 9]],
] as const

const grid35 = [35, 16, 9] as const
const grid17 = [17, 7, 4] as const
const grid8 = [8, 3, 1] as const

/** A repeated block: its n endpoints and the stage itself. */
const times = (n: number, stage: string, channels: number, sides: readonly [number, number, number]): Row[] => [
  ...Array.from({ length: n }, (_, i): Row => [`${stage}.${i}`, channels, sides]),
  [stage, channels, sides],
]

const unit = (rest: number, stage: string, channels: number, sides: readonly [number, number, number]): Row[] => [
  [`${stage}.first`, channels, sides],
  ...times(rest, `${stage}.rest`, channels, sides),
  [stage, channels, sides],
]

/** A stage whose last unit makes the map smaller. */
const narrowing = (
  stage: string,
  units: number,
  channels: number,
  before: readonly [number, number, number],
  after: readonly [number, number, number],
): Row[] => [
  ...Array.from({ length: units }, (_, i): Row => [`${stage}.${i}`, channels, i === units - 1 ? after : before]),
  [stage, channels, after],
]

const inceptionV3: readonly Row[] = [
  ...stemV3,
  ['stem.pool_5a', 192, grid35],
  ['stem', 192, grid35],
  ['mixed_5b', 256, grid35],
  ['mixed_5c', 288, grid35],
  ['mixed_5d', 288, grid35],
  ['mixed_6a', 768, grid17],
  ['mixed_6b', 768, grid17],
  ['mixed_6c', 768, grid17],
  ['mixed_6d', 768, grid17],
  ['mixed_6e', 768, grid17],
  ['mixed_7a', 1280, grid8],
  ['mixed_7b', 2048, grid8],
  ['mixed_7c', 2048, grid8],
]

const resnet152: readonly Row[] = [
  ['conv1', 64, [112, 75, 49]],
  ['pool1', 64, [56, 38, 25]],
  ...unit(2, 'conv2', 256, [56, 38, 25]),
  ...unit(7, 'conv3', 512, [28, 19, 13]),
  ...unit(35, 'conv4', 1024, [14, 10, 7]),
  ...unit(2, 'conv5', 2048, [7, 5, 4]),
]

const facenet: readonly Row[] = [
  ['stem.conv_1a', 32, [79, 74, 48]],
  ['stem.conv_2a', 32, [77, 72, 46]],
  ['stem.conv_2b', 64, [77, 72, 46]],
  ['stem.pool_3a', 64, [38, 35, 22]],
  ['stem.conv_3b', 80, [38, 35, 22]],
  ['stem.conv_4a', 192, [36, 33, 20]],
  ['stem.conv_4b', 256, [17, 16, 9]],
  ['stem', 256, [17, 16, 9]],
  ...times(5, 'resnet_a', 256, [17, 16, 9]),
  ['reduction_a', 896, [8, 7, 4]],
  ...times(10, 'resnet_b', 896, [8, 7, 4]),
  ['reduction_b', 1792, [3, 3, 1]],
  ...times(5, 'resnet_c', 1792, [3, 3, 1]),
  ['resnet_c_last', 1792, [3, 3, 1]],
]

const tables: Readonly<Record<string, readonly Row[]>> = {
  'inception-v3': inceptionV3,
  'inception-v3-torch': inceptionV3,
  'inception-v4': [
    ...stemV4,
    ...times(4, 'inception_a', 384, grid35),
    ['reduction_a', 1024, grid17],
    ...times(7, 'inception_b', 1024, grid17),
    ['reduction_b', 1536, grid8],
    ...times(3, 'inception_c', 1536, grid8),
  ],
  'inception-resnet-v1': [
    ...stemV3,
    ['stem.conv_4b', 256, grid35],
    ['stem', 256, grid35],
    ...times(5, 'resnet_a', 256, grid35),
    ['reduction_a', 896, grid17],
    ...times(10, 'resnet_b', 896, grid17),
    ['reduction_b', 1792, grid8],
    ...times(5, 'resnet_c', 1792, grid8),
  ],
  'inception-resnet-v2': [
    ...stemV4,
    ...times(5, 'resnet_a', 384, grid35),
    ['reduction_a', 1152, grid17],
    ...times(10, 'resnet_b', 1152, grid17),
    ['reduction_b', 2144, grid8],
    ...times(5, 'resnet_c', 2144, grid8),
  ],
  'inception-resnet-v2-slim': [
    ...stemV3,
    ['stem.pool_5a', 192, grid35],
    ['stem', 192, grid35],
    ['mixed_5b', 320, grid35],
    ...times(10, 'resnet_a', 320, grid35),
    ['reduction_a', 1088, grid17],
    ...times(20, 'resnet_b', 1088, grid17),
    ['reduction_b', 2080, grid8],
    ...times(9, 'resnet_c', 2080, grid8),
    ['resnet_c_last', 2080, grid8],
    ['conv_7b', 1536, grid8],
  ],
  'inception-resnet-v1-facenet': facenet,
  'inception-resnet-v1-facenet-2017': [['whiten', 3, [160, 150, 97]], ...facenet],
  'bn-inception-caffe': [
    ['conv1', 64, [112, 80, 49]],
    ['pool1', 64, [56, 40, 24]],
    ['conv2_reduce', 64, [56, 40, 24]],
    ['conv2', 192, [56, 40, 24]],
    ['pool2', 192, [28, 20, 12]],
    ['inception_3a', 256, [28, 20, 12]],
    ['inception_3b', 320, [28, 20, 12]],
    ['inception_3c', 576, [14, 10, 6]],
    ['inception_4a', 576, [14, 10, 6]],
    ['inception_4b', 576, [14, 10, 6]],
    ['inception_4c', 608, [14, 10, 6]],
    ['inception_4d', 608, [14, 10, 6]],
    ['inception_4e', 1056, [7, 5, 3]],
    ['inception_5a', 1024, [7, 5, 3]],
    ['inception_5b', 1024, [7, 5, 3]],
  ],
  'bn-inception': [
    ['conv_1a', 64, [112, 75, 49]],
    ['pool_2a', 64, [56, 38, 25]],
    ['conv_2b', 64, [56, 38, 25]],
    ['conv_2c', 192, [56, 38, 25]],
    ['pool_3a', 192, [28, 19, 13]],
    ['mixed_3b', 256, [28, 19, 13]],
    ['mixed_3c', 320, [28, 19, 13]],
    ['mixed_4a', 576, [14, 10, 7]],
    ['mixed_4b', 576, [14, 10, 7]],
    ['mixed_4c', 576, [14, 10, 7]],
    ['mixed_4d', 576, [14, 10, 7]],
    ['mixed_4e', 576, [14, 10, 7]],
    ['mixed_5a', 1024, [7, 5, 4]],
    ['mixed_5b', 1024, [7, 5, 4]],
    ['mixed_5c', 1024, [7, 5, 4]],
  ],
  'resnet-152': resnet152,
  'resnet-152-v1': resnet152,
  'resnet-152-slim': [
    ['conv1', 64, [112, 75, 49]],
    ['pool1', 64, [56, 38, 25]],
    ...narrowing('conv2', 3, 256, [56, 38, 25], [28, 19, 13]),
    ...narrowing('conv3', 8, 512, [28, 19, 13], [14, 10, 7]),
    ...narrowing('conv4', 36, 1024, [14, 10, 7], [7, 5, 4]),
    ...narrowing('conv5', 3, 2048, [7, 5, 4], [7, 5, 4]),
  ],
}

/** Caffe's pools round up and its convolutions down, so that branches meet on an odd grid at some sizes only. */
const otherSizes: Readonly<Record<string, readonly [number, number]>> = { 'bn-inception-caffe': [160, 97] }

test('every network has a shape table', () => {
  assert.deepEqual(networks.map(({ id }) => id).sort(), Object.keys(tables).sort())
})

/** Where an embedding is made, maps of one place go on after the pool. */
const heads: ReadonlySet<string> = new Set(['pool', 'drop', 'bottleneck'])

for (const [id, rows] of Object.entries(tables))
  for (const [column, size] of [findNetwork(id).size, ...(otherSizes[id] ?? [150, 97])].entries())
    test(`${id} at ${size} pixels has the shapes of its table`, () => {
      const { endpoints, logits } = buildModel(findNetwork(id), { mode: 'eval', batch: 2, size })
      const maps = [...endpoints]
        .filter(([name, { shape }]) => shape.length === 4 && !heads.has(name))
        .map(([name, { shape }]) => [name, shape])
      assert.deepEqual(
        maps,
        rows.map(([name, channels, sides]) => [name, [2, channels, sides[column]!, sides[column]!]]),
      )
      const features = rows.at(-1)![1]
      const { embedding } = findNetwork(id)
      assert.deepEqual(endpoints.get('pool')?.shape.slice(0, 2), [2, features])
      assert.deepEqual(logits.shape, [2, embedding ?? 1000])
      assert.equal(endpoints.get(embedding === undefined ? 'logits' : 'embedding'), logits)
    })

test('training and evaluation have the same endpoints', () => {
  for (const network of networks) {
    const options = { batch: 2, size: 97, classes: 10 } as const
    const shapes = (mode: 'train' | 'eval') =>
      [...buildModel(network, { ...options, mode }).endpoints].map(([name, { shape }]) => [name, shape])
    assert.deepEqual(shapes('train'), shapes('eval'))
  }
})
