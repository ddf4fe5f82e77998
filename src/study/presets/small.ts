import { instability } from './instability.js'
import type { Contestant, Preset } from './preset.js'
import { contestants, quick, shortNotes, shortRecipe } from './quick.js'

/** The paper's other networks, reduced like its subjects; ResNet-152 to ten units. */
const comparators: readonly Contestant[] = [
  { role: 'comparator', model: { network: 'bn-inception', size: 107, width: 0.25, normScale: true }, seeds: [1] },
  {
    role: 'comparator',
    model: {
      network: 'resnet-152',
      size: 107,
      width: 0.25,
      blocks: { conv2: 2, conv3: 2, conv4: 4, conv5: 2 },
      normScale: true,
    },
    seeds: [1],
  },
]

const seeds = [1, 2, 3]

/** The whole study with three seeds a network, in about an hour on two cores. */
export const small: Preset = {
  name: 'small',
  synth: { seed: 1, train: 5000, val: 2000, classes: 20, size: 112, difficulty: 0.5 },
  comparison: {
    contestants: [...contestants, ...comparators],
    seeds,
    recipe: { ...shortRecipe, epochs: 16 },
    notes: shortNotes,
    crops: [{ name: '10' }, { name: '12' }, { name: '144', images: 200 }],
    ensembles: [
      {
        members: [
          { network: 'inception-v4', seed: 1 },
          ...seeds.map(seed => ({ network: 'inception-resnet-v2', seed })),
        ],
        crops: '12',
      },
      { members: seeds.map(seed => ({ network: 'inception-v3', seed })), crops: '12' },
    ],
  },
  instability: { ...instability, seeds: [1, 2] },
  ...(quick.footprint && { footprint: { ...quick.footprint, steps: 5 } }),
}
