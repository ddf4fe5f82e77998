import type { Family } from '../family.js'
import { convolution, inOrder, kerasForm, norm, plain, tensorNames } from '../forms/keras.js'

const blocks = (stages: readonly string[], units: readonly string[]): string[] =>
  stages.flatMap(stage => units.map(unit => `${stage}.${unit}`))

/** keras_applications/inception_v3.py calls the convolutions one after the other, so its text is the order of numbers. */
const units = [
  'stem.conv_1a',
  'stem.conv_2a',
  'stem.conv_2b',
  'stem.conv_3b',
  'stem.conv_4a',
  // mixed0 to mixed2
  ...blocks(
    ['mixed_5b', 'mixed_5c', 'mixed_5d'],
    [
      'branch_0.a_1x1',
      'branch_1.a_1x1',
      'branch_1.b_5x5',
      'branch_2.a_1x1',
      'branch_2.b_3x3',
      'branch_2.c_3x3',
      'branch_3.b_1x1',
    ],
  ),
  // mixed3
  ...blocks(['mixed_6a'], ['branch_0.a_3x3', 'branch_1.a_1x1', 'branch_1.b_3x3', 'branch_1.c_3x3']),
  // mixed4 to mixed7
  ...blocks(
    ['mixed_6b', 'mixed_6c', 'mixed_6d', 'mixed_6e'],
    [
      'branch_0.a_1x1',
      'branch_1.a_1x1',
      'branch_1.b_1x7',
      'branch_1.c_7x1',
      'branch_2.a_1x1',
      'branch_2.b_7x1',
      'branch_2.c_1x7',
      'branch_2.d_7x1',
      'branch_2.e_1x7',
      'branch_3.b_1x1',
    ],
  ),
  // mixed8
  ...blocks(
    ['mixed_7a'],
    ['branch_0.a_1x1', 'branch_0.b_3x3', 'branch_1.a_1x1', 'branch_1.b_1x7', 'branch_1.c_7x1', 'branch_1.d_3x3'],
  ),
  // mixed9 and mixed10
  ...blocks(
    ['mixed_7b', 'mixed_7c'],
    [
      'branch_0.a_1x1',
      'branch_1.a_1x1',
      'branch_1.b_fork.branch_0.a_1x3',
      'branch_1.b_fork.branch_1.a_3x1',
      'branch_2.a_1x1',
      'branch_2.b_3x3',
      'branch_2.c_fork.branch_0.a_1x3',
      'branch_2.c_fork.branch_1.a_3x1',
      'branch_3.b_1x1',
    ],
  ),
]

const { convolutions, norms } = inOrder(units)

export const kerasInceptionV3: Family = {
  library: 'keras',
  form: kerasForm,
  network: 'inception-v3',
  title: 'InceptionV3',
  source: "keras_applications/inception_v3.py, TF-Slim's weights, evaluated as TF-Slim does",
  names: tensorNames([convolutions, convolution], [norms, norm], [{ logits: 'predictions' }, plain]),
  scaleless: true,
  crop: { name: 'slim', fraction: 0.875 },
}
