import type { Family } from '../family.js'
import { convolution, norm, plain, tensorNames, torchForm, under } from '../forms/torch.js'
import type { Layers } from '../names.js'

/** Units of each stage: conv2 to conv5 here, layer1 to layer4 there. */
const units = [3, 8, 36, 3] as const

/** The layers that `convolutions` and `norms` name alike, but for the word. */
export const layersNamed = (word: 'conv' | 'bn'): Layers => {
  const body = { a_1x1: `${word}1`, b_3x3: `${word}2`, c_1x1: `${word}3` }
  const projection = word === 'conv' ? 'downsample.0' : 'downsample.1'
  const stages = units.map((count, i): Layers => {
    const [ours, theirs] = [`conv${i + 2}`, `layer${i + 1}`]
    const rest = Array.from({ length: count - 1 }, (_, unit) =>
      under(`${ours}.rest.${unit}`, `${theirs}.${unit + 1}`, body),
    )
    return Object.assign({}, under(`${ours}.first`, `${theirs}.0`, { ...body, project: projection }), ...rest)
  })
  return Object.assign({ conv1: `${word}1` }, ...stages)
}

const resnet152 = {
  form: torchForm,
  network: 'resnet-152',
  title: 'resnet152',
  names: tensorNames([layersNamed('conv'), convolution], [layersNamed('bn'), norm], [{ logits: 'fc' }, plain]),
} as const

export const torchResnet152: Family = {
  ...resnet152,
  library: 'torch',
  source: 'torchvision/models/resnet.py, ResNet152_Weights.IMAGENET1K_V1: short side 256, bilinear',
  crop: { name: 'torchvision', fraction: 0.875 },
}

/** timm's `tv_in1k`, which are torchvision's; its later weights under the same names were trained for other crops. */
export const timmResnet152: Family = {
  ...resnet152,
  library: 'timm',
  source: 'timm/models/resnet.py: short side 256, bilinear',
  crop: { name: 'torchvision', fraction: 0.875 },
}
