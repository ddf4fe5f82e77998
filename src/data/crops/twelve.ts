import type { CropProtocol } from './protocol.js'
import { cornersAndCentre, shortSides, squares, withMirrors, withShortSide } from './square.js'

/**
 * The Inception-v4 paper's 12 crops "as described in" GoogLeNet's, which names no such number: one scale and one square
 * of its 144 crops. Which ones no author says; here the first scale and the central square.
 */
export const twelve = {
  id: '12',
  title: '12 crops',
  resampling: 'bicubic',
  count: 12,
  scales: 1,
  views(image, size) {
    const resized = withShortSide(image, shortSides(size)[0]!)
    const square = squares(resized)[1]
    return withMirrors(resized, [...cornersAndCentre(square, size), square])
  },
  describe(size) {
    return `short side ${shortSides(size)[0]}; corners and centre of the central square and the square itself made ${size} × ${size}, each also mirrored; bicubic as Pillow`
  },
} as const satisfies CropProtocol
