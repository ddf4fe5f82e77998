import type { Family } from './family.js'
import { timmInceptionResnetV2 } from './timm-inception-resnet-v2.js'
import { timmInceptionV4 } from './timm-inception-v4.js'
import { timmInceptionV3, torchInceptionV3 } from './torch-inception-v3.js'
import { timmResnet152, torchResnet152 } from './torch-resnet-152.js'

/** Every kind of public weights that can be imported. */
export const families: readonly Family[] = [
  timmInceptionV4,
  timmInceptionResnetV2,
  timmInceptionV3,
  torchInceptionV3,
  timmResnet152,
  torchResnet152,
]
