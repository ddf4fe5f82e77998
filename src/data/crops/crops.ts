import { googlenet } from './googlenet.js'
import type { CropName, CropProtocol } from './protocol.js'
import { slim } from './slim.js'
import { ten } from './ten.js'
import { timm } from './timm.js'
import { torchvision } from './torchvision.js'
import { twelve } from './twelve.js'
import { vgg } from './vgg.js'

export const cropProtocols: { readonly [Name in CropName]: CropProtocol & { readonly id: Name } } = {
  slim,
  timm,
  torchvision,
  vgg,
  '10': ten,
  '12': twelve,
  '144': googlenet,
}
