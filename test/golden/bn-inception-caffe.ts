import { bnInceptionCaffe } from '../../src/networks/bn-inception-caffe.js'
import type { Layers } from '../../src/weights/names.js'
import { cadeneBnInception } from '../../src/weights/torch/cadene-bn-inception.js'
import type { Golden } from './golden.js'
import { readOracle } from './oracle.js'

const blocks = ['3a', '3b', '3c', '4a', '4b', '4c', '4d', '4e', '5a', '5b']

const stages: Layers = Object.fromEntries(blocks.map(name => [`inception_${name}`, `inception_${name}_output`]))

export const goldenBnInceptionCaffe: Golden = {
  network: bnInceptionCaffe,
  oracle: readOracle('bn-inception-caffe'),
  names: cadeneBnInception.names,
  stages,
}
