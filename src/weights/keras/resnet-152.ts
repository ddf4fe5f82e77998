import type { Family } from '../family.js'
import { kerasForm, norm, plain, tensorNames } from '../forms/keras.js'
import type { Layers } from '../names.js'

/** Units of each stage: conv2 to conv5, here and there. */
const units = [3, 8, 36, 3] as const

/** The layers that convolutions and norms name alike, but for the word. */
const layersNamed = (word: 'conv' | 'bn'): Layers => {
  const unit = (ours: string, theirs: string): Layers => ({
    [`${ours}.a_1x1`]: `${theirs}_1_${word}`,
    [`${ours}.b_3x3`]: `${theirs}_2_${word}`,
    [`${ours}.c_1x1`]: `${theirs}_3_${word}`,
  })
  const stages = units.map((count, i): Layers => {
    const stage = `conv${i + 2}`
    const rest = Array.from({ length: count - 1 }, (_, n) => unit(`${stage}.rest.${n}`, `${stage}_block${n + 2}`))
    const first = {
      ...unit(`${stage}.first`, `${stage}_block1`),
      [`${stage}.first.project`]: `${stage}_block1_0_${word}`,
    }
    return Object.assign({}, first, ...rest)
  })
  return Object.assign({ conv1: `conv1_${word}` }, ...stages)
}

export const kerasResnet152: Family = {
  library: 'keras',
  form: kerasForm,
  network: 'resnet-152-v1',
  title: 'ResNet152',
  source: "keras_applications/resnet_common.py, He et al.'s weights: short side 256, bilinear",
  names: tensorNames([{ ...layersNamed('conv'), logits: 'predictions' }, plain], [layersNamed('bn'), norm]),
  // In keras_applications, and in the file that later versions download.
  renamed: { 'probs/': 'predictions/' },
  crop: { name: 'torchvision', fraction: 0.875 },
}
