import type { Family } from '../family.js'
import { plain, tensorflowForm, tensorNames, times, under, unit } from '../forms/tensorflow.js'
import { transposed } from '../layout.js'
import type { Layers } from '../names.js'

const resnetA: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
  'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
  'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
  'branch_2.c_3x3': 'Branch_2/Conv2d_0c_3x3',
}
const resnetB: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_1x7': 'Branch_1/Conv2d_0b_1x7',
  'branch_1.c_7x1': 'Branch_1/Conv2d_0c_7x1',
}
const resnetC: Layers = {
  'branch_0.a_1x1': 'Branch_0/Conv2d_1x1',
  'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
  'branch_1.b_1x3': 'Branch_1/Conv2d_0b_1x3',
  'branch_1.c_3x1': 'Branch_1/Conv2d_0c_3x1',
}

/** The linear convolutions at the end of the residual blocks, which have a bias and no norm. */
const expand: Layers = { expand: 'Conv2d_1x1' }

const repeated = (block35: Layers, block17: Layers, block8: Layers): Layers => ({
  ...times(5, 'resnet_a', i => `InceptionResnetV1/Repeat/block35_${i + 1}`, block35),
  ...times(10, 'resnet_b', i => `InceptionResnetV1/Repeat_1/block17_${i + 1}`, block17),
  ...times(5, 'resnet_c', i => `InceptionResnetV1/Repeat_2/block8_${i + 1}`, block8),
  ...under('resnet_c_last', 'InceptionResnetV1/Block8', block8),
})

const units: Layers = {
  ...under('stem', 'InceptionResnetV1', {
    conv_1a: 'Conv2d_1a_3x3',
    conv_2a: 'Conv2d_2a_3x3',
    conv_2b: 'Conv2d_2b_3x3',
    conv_3b: 'Conv2d_3b_1x1',
    conv_4a: 'Conv2d_4a_3x3',
    conv_4b: 'Conv2d_4b_3x3',
  }),
  ...repeated(resnetA, resnetB, resnetC),
  ...under('reduction_a', 'InceptionResnetV1/Mixed_6a', {
    'branch_0.a_3x3': 'Branch_0/Conv2d_1a_3x3',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_3x3': 'Branch_1/Conv2d_0b_3x3',
    'branch_1.c_3x3': 'Branch_1/Conv2d_1a_3x3',
  }),
  ...under('reduction_b', 'InceptionResnetV1/Mixed_7a', {
    'branch_0.a_1x1': 'Branch_0/Conv2d_0a_1x1',
    'branch_0.b_3x3': 'Branch_0/Conv2d_1a_3x3',
    'branch_1.a_1x1': 'Branch_1/Conv2d_0a_1x1',
    'branch_1.b_3x3': 'Branch_1/Conv2d_1a_3x3',
    'branch_2.a_1x1': 'Branch_2/Conv2d_0a_1x1',
    'branch_2.b_3x3': 'Branch_2/Conv2d_0b_3x3',
    'branch_2.c_3x3': 'Branch_2/Conv2d_1a_3x3',
  }),
  bottleneck: 'InceptionResnetV1/Bottleneck',
}

const facenet = {
  library: 'facenet',
  form: tensorflowForm,
  names: tensorNames([units, unit], [repeated(expand, expand, expand), plain]),
  layouts: { 'bottleneck.weights': transposed },
  scaleless: true,
  besides: {
    'Logits/': 'the classifier of the faces it was trained on',
    centers: 'centres of the faces it was trained on',
  },
  // Its own images are faces, already cut out.
  crop: { name: 'torchvision', fraction: 1 },
} as const satisfies Partial<Family>

/** 20180402-114759 and 20180408-102900. */
export const facenet2018: Family = {
  ...facenet,
  network: 'inception-resnet-v1-facenet',
  title: 'Inception-ResNet-v1',
  source: 'davidsandberg/facenet src/models/inception_resnet_v1.py; its README on fixed image standardisation',
}

/** 20170511-185253 and 20170512-110547. */
export const facenet2017: Family = {
  ...facenet,
  network: 'inception-resnet-v1-facenet-2017',
  title: 'Inception-ResNet-v1 of 2017',
  source: 'davidsandberg/facenet src/models/inception_resnet_v1.py, prewhiten in src/facenet.py',
}
