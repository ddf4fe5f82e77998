import { facenet2017, facenet2018 } from './facenet/facenet.js'
import { facenetPytorch } from './facenet/facenet-pytorch.js'
import type { Family } from './family.js'
import { kerasInceptionResnetV2 } from './keras/inception-resnet-v2.js'
import { kerasInceptionV3 } from './keras/inception-v3.js'
import { kerasResnet152 } from './keras/resnet-152.js'
import { slimInceptionResnetV2 } from './slim/inception-resnet-v2.js'
import { slimInceptionV2 } from './slim/inception-v2.js'
import { slimInceptionV3 } from './slim/inception-v3.js'
import { slimInceptionV3Of2016March } from './slim/inception-v3-2016-03.js'
import { slimInceptionV4 } from './slim/inception-v4.js'
import { slimResnet152 } from './slim/resnet-152.js'
import { cadeneBnInception } from './torch/cadene-bn-inception.js'
import { timmInceptionV3, torchInceptionV3 } from './torch/inception-v3.js'
import { timmResnet152, torchResnet152 } from './torch/resnet-152.js'
import { timmInceptionResnetV2 } from './torch/timm-inception-resnet-v2.js'
import { timmInceptionV4 } from './torch/timm-inception-v4.js'

/** Every kind of public weights that can be imported. */
export const families: readonly Family[] = [
  timmInceptionV4,
  timmInceptionResnetV2,
  timmInceptionV3,
  torchInceptionV3,
  timmResnet152,
  torchResnet152,
  slimInceptionV4,
  cadeneBnInception,
  kerasInceptionV3,
  kerasInceptionResnetV2,
  kerasResnet152,
  facenet2018,
  facenet2017,
  facenetPytorch,
  slimInceptionResnetV2,
  slimInceptionV3,
  slimInceptionV3Of2016March,
  slimInceptionV2,
  slimResnet152,
]
