import type { CropProtocol } from './protocol.js'
import { cornersAndCentre, shortSides, squares, withMirrors, withShortSide } from './square.js'

/**
 * Krizhevsky et al. (2012), as ResNet uses it: short side 256 (for crops of 224), the central square's four corners and
 * centre, each also mirrored.
 */
export const ten = {
  id: '10',
  title: '10 crops',
  resampling: 'bicubic',
  count: 10,
  scales: 1,
  views(image, size) {
    const resized = withShortSide(image, shortSides(size)[0]!)
    return withMirrors(resized, cornersAndCentre(squares(resized)[1], size))
  },
  describe(size) {
    return `short side ${shortSides(size)[0]}, corners and centre of the central square, each also mirrored; bicubic as Pillow`
  },
} as const satisfies CropProtocol
