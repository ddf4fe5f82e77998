import { UserError, unknownChoice } from '../base/error.js'
import type { Network } from '../nn/network.js'
import { bnInception } from './bn-inception.js'
import { bnInceptionCaffe } from './bn-inception-caffe.js'
import { inceptionResnetV1 } from './inception-resnet-v1.js'
import { inceptionResnetV1Facenet, inceptionResnetV1Facenet2017 } from './inception-resnet-v1-facenet.js'
import { inceptionResnetV2 } from './inception-resnet-v2.js'
import { inceptionResnetV2Slim } from './inception-resnet-v2-slim.js'
import { inceptionV3 } from './inception-v3.js'
import { inceptionV3Torch } from './inception-v3-torch.js'
import { inceptionV4 } from './inception-v4.js'
import { resnet152 } from './resnet-152.js'
import { resnet152Slim } from './resnet-152-slim.js'
import { resnet152V1 } from './resnet-152-v1.js'

/** Every network there is, the paper's subjects before its comparators. */
export const networks: readonly Network[] = [
  inceptionV3,
  inceptionV4,
  inceptionResnetV1,
  inceptionResnetV2,
  inceptionResnetV2Slim,
  inceptionV3Torch,
  inceptionResnetV1Facenet,
  inceptionResnetV1Facenet2017,
  bnInception,
  bnInceptionCaffe,
  resnet152,
  resnet152V1,
  resnet152Slim,
]

/** Those that give logits of classes. */
export const classifiers: readonly Network[] = networks.filter(({ embedding }) => embedding === undefined)

/** Errors: UserError (exit code 2) where classes are wanted and the network gives an embedding. */
export function expectClassifier({ id, embedding }: Network): void {
  if (embedding !== undefined)
    throw new UserError(
      `${id} gives embeddings and no classes: 'inception predict --embed' writes them, and 'inception export --to onnx' the network`,
      2,
    )
}

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
