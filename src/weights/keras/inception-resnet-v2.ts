import type { Family } from '../family.js'
import { convolution, inOrder, kerasForm, norm, plain, tensorNames } from '../forms/keras.js'
import type { Layers } from '../names.js'

const block = (stage: string, units: readonly string[]): string[] => units.map(unit => `${stage}.${unit}`)
const blocks = (n: number, stage: string, units: readonly string[]): string[] =>
  Array.from({ length: n }, (_, i) => block(`${stage}.${i}`, units)).flat()

const resnetC = ['branch_0.a_1x1', 'branch_1.a_1x1', 'branch_1.b_1x3', 'branch_1.c_3x1']

/**
 * keras_applications/inception_resnet_v2.py calls the convolutions one after the other, so its text is the order of
 * numbers; those that have a name of their own are not counted.
 */
const units = [
  ...block('stem', ['conv_1a', 'conv_2a', 'conv_2b', 'conv_3b', 'conv_4a']),
  ...block('mixed_5b', [
    'branch_0.a_1x1',
    'branch_1.a_1x1',
    'branch_1.b_5x5',
    'branch_2.a_1x1',
    'branch_2.b_3x3',
    'branch_2.c_3x3',
    'branch_3.b_1x1',
  ]),
  ...blocks(10, 'resnet_a', [
    'branch_0.a_1x1',
    'branch_1.a_1x1',
    'branch_1.b_3x3',
    'branch_2.a_1x1',
    'branch_2.b_3x3',
    'branch_2.c_3x3',
  ]),
  ...block('reduction_a', ['branch_0.a_3x3', 'branch_1.a_1x1', 'branch_1.b_3x3', 'branch_1.c_3x3']),
  ...blocks(20, 'resnet_b', ['branch_0.a_1x1', 'branch_1.a_1x1', 'branch_1.b_1x7', 'branch_1.c_7x1']),
  ...block('reduction_b', [
    'branch_0.a_1x1',
    'branch_0.b_3x3',
    'branch_1.a_1x1',
    'branch_1.b_3x3',
    'branch_2.a_1x1',
    'branch_2.b_3x3',
    'branch_2.c_3x3',
  ]),
  ...blocks(9, 'resnet_c', resnetC),
  ...block('resnet_c_last', resnetC),
]

const { convolutions, norms } = inOrder(units)

/** The linear convolutions at the end of the residual blocks, counted from 1 there. */
const expansions = (n: number, ours: string, theirs: string): Layers =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`${ours}.${i}.expand`, `${theirs}_${i + 1}_conv`]))

const plains: Layers = {
  ...expansions(10, 'resnet_a', 'block35'),
  ...expansions(20, 'resnet_b', 'block17'),
  ...expansions(9, 'resnet_c', 'block8'),
  'resnet_c_last.expand': 'block8_10_conv',
  logits: 'predictions',
}

export const kerasInceptionResnetV2: Family = {
  library: 'keras',
  form: kerasForm,
  network: 'inception-resnet-v2-slim',
  title: 'InceptionResNetV2',
  source: "keras_applications/inception_resnet_v2.py, TF-Slim's weights, evaluated as TF-Slim does",
  names: tensorNames(
    [{ ...convolutions, conv_7b: 'conv_7b' }, convolution],
    [{ ...norms, conv_7b: 'conv_7b_bn' }, norm],
    [plains, plain],
  ),
  scaleless: true,
  crop: { name: 'slim', fraction: 0.875 },
}
