import { paperRecipe } from '../../training/recipe.js'
import { instability } from './instability.js'
import type { Contestant, Preset } from './preset.js'

const published = { size: 299, width: 1, normScale: true } as const

const contestants: readonly Contestant[] = [
  { role: 'smaller', model: { network: 'inception-v3', ...published } },
  { role: 'smaller', model: { network: 'inception-resnet-v1', ...published } },
  { role: 'larger', model: { network: 'inception-v4', ...published } },
  { role: 'larger', model: { network: 'inception-resnet-v2', ...published }, seeds: [1, 2, 3] },
  { role: 'comparator', model: { network: 'bn-inception', ...published, size: 224 } },
  { role: 'comparator', model: { network: 'resnet-152', ...published, size: 224 } },
]

const { seed: _, ...recipe } = paperRecipe

/** ILSVRC-2012 with the paper's recipe: what its tables were made from, on one machine. */
export const paper: Preset = {
  name: 'paper',
  lanes: 1,
  comparison: {
    contestants,
    seeds: [1],
    recipe,
    notes: {},
    crops: [{ name: '10' }, { name: '12' }, { name: '144' }, { name: 'dense' }],
    ensembles: [
      {
        members: [
          { network: 'inception-v4', seed: 1 },
          ...[1, 2, 3].map(seed => ({ network: 'inception-resnet-v2', seed })),
        ],
        crops: '144',
      },
    ],
  },
  instability,
  footprint: {
    networks: contestants.slice(0, 4).map(({ model }) => model.network),
    withSumNorms: ['inception-resnet-v1', 'inception-resnet-v2'],
    batch: 32,
    steps: 5,
  },
}
