import { addAffine } from '../../src/graph/ops/addAffine.js'
import { batchNormAcross, batchNormGlobal, statisticsGradient } from '../../src/graph/ops/batchNormGlobal.js'
import { channelMoments, combineMoments } from '../../src/graph/ops/channelMoments.js'
import { replicaRow } from '../../src/graph/ops/replicaRow.js'
import { constant } from '../../src/graph/ops/source.js'
import { sumOp } from '../../src/graph/ops/sum.js'
import type { OpCase } from './contract.js'
import type { Material } from './material.js'

const epsilon = 1e-3

/** The norm over all replicas where there is one, so that its parts can be held to the whole. */
const across = (withScale: boolean, withRelu: boolean): OpCase => ({
  name: `batch norm across replicas ${withScale ? 'with' : 'without'} scale${withRelu ? ', with relu' : ''}`,
  build: m => {
    const scale = withScale ? m.weight([17], 'positive') : undefined
    const norm = { src: m.map([4, 17, 5, 4], 'distinct'), scale, shift: m.weight([17]) }
    const { dst, mean, variance } = batchNormAcross(norm, { epsilon, replica: { index: 0, of: 1 } })
    if (!withRelu) return [dst]
    const attrs = { epsilon, relu: true, replicas: 1 }
    return [batchNormGlobal.emit({ ...norm, mean, variance }, attrs).dst]
  },
})

const moments = (name: string, shape: [number, number, number, number], groups: number): OpCase => ({
  name: `channelMoments ${name}`,
  backward: 'none',
  build: m => [channelMoments.emit({ src: m.map(shape) }, { groups }).dst],
})

/** A channel's mean is two hundred times its deviation. */
const farFromZero = (m: Material) =>
  sumOp.emit({ src: [m.single([6, 32, 3, 5]), constant(m.graph, [6, 32, 3, 5], 200)] }, {}).dst

/** What a batch norm over all replicas is made of, and the whole with one replica. */
export const globalNorms: readonly OpCase[] = [
  across(true, true),
  across(true, false),
  across(false, true),
  across(false, false),
  moments('of one group', [3, 17, 5, 4], 1),
  moments('of every image', [3, 17, 5, 4], 3),
  moments('of pairs of images', [6, 32, 7, 7], 3),
  moments('of one image at one place', [1, 8, 1, 1], 1),
  {
    name: 'combineMoments of maps far from zero',
    backward: 'none',
    build: m => [
      combineMoments.emit({ moments: channelMoments.emit({ src: farFromZero(m) }, { groups: 3 }).dst }, {}).variance,
    ],
  },
  {
    name: 'combineMoments of one part',
    backward: 'none',
    build: m => [combineMoments.emit({ moments: m.single([1, 10], 'positive') }, {}).mean],
  },
  {
    name: 'replicaRow of the second of three',
    backward: 'none',
    build: m => [replicaRow.emit({ src: [m.single([5]), m.single([3])] }, { index: 1, of: 3 }).dst],
  },
  {
    name: 'statisticsGradient',
    backward: 'none',
    build: m => [
      statisticsGradient.emit(
        {
          scale: m.weight([17], 'positive'),
          mean: m.single([17]),
          variance: m.single([17], 'positive'),
          diff_scale: m.single([17]),
          diff_shift: m.single([17]),
        },
        { epsilon, count: 48 },
      ).slope,
    ],
  },
  ...[17, 32].map(
    (channels): OpCase => ({
      name: `addAffine over ${channels} channels`,
      backward: 'none',
      build: m => [
        addAffine.emit(
          {
            src: m.map([2, channels, 3, 5]),
            slope: m.single([channels]),
            offset: m.single([channels]),
            residual: m.map([2, channels, 3, 5]),
          },
          {},
        ).dst,
      ],
    }),
  ),
]
