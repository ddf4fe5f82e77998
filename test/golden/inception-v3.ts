import { inceptionV3 } from '../../src/networks/inception-v3.js'
import type { Golden } from './golden.js'
import { goldenInceptionV3Torch } from './inception-v3-torch.js'
import { readOracle } from './oracle.js'

/** The layers are torchvision's, and only the averages of its blocks are others. */
export const goldenInceptionV3: Golden = {
  ...goldenInceptionV3Torch,
  network: inceptionV3,
  oracle: readOracle('inception-v3'),
}
