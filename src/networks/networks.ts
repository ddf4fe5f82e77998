import { unknownChoice } from '../base/error.js'
import type { Network } from '../nn/network.js'
import { bnInception } from './bn-inception.js'
import { inceptionResnetV1 } from './inception-resnet-v1.js'
import { inceptionResnetV2 } from './inception-resnet-v2.js'
import { inceptionResnetV2Slim } from './inception-resnet-v2-slim.js'
import { inceptionV3 } from './inception-v3.js'
import { inceptionV3Torch } from './inception-v3-torch.js'
import { inceptionV4 } from './inception-v4.js'
import { resnet152 } from './resnet-152.js'
import { resnet152Slim } from './resnet-152-slim.js'

/** Every network there is, the paper's subjects before its comparators. */
export const networks: readonly Network[] = [
  inceptionV3,
  inceptionV4,
  inceptionResnetV1,
  inceptionResnetV2,
  inceptionResnetV2Slim,
  inceptionV3Torch,
  bnInception,
  resnet152,
  resnet152Slim,
]

/** The network of this id. Throws a UserError that names the nearest one and lists all. */
export function findNetwork(id: string): Network {
  const found = networks.find(network => network.id === id)
  if (!found)
    throw unknownChoice(
      'network',
      id,
      networks.map(network => network.id),
    )
  return found
}
