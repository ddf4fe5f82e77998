import type { CropProtocol } from './protocol.js'
import { cornersAndCentre, shortSides, squares, withMirrors, withShortSide } from './square.js'

/**
 * "Going Deeper with Convolutions", section 7: 4 scales × 3 squares × 6 crops (corners, centre and the whole square
 * resized) × 2 mirrors. The squares lie left, centre and right, or top, centre and bottom. Of a square image all three
 * are the same one, and count three times.
 */
export const googlenet = {
  id: '144',
  title: '144 crops',
  resampling: 'bicubic',
  count: 144,
  scales: 4,
  views(image, size) {
    return shortSides(size).flatMap(short => {
      const resized = withShortSide(image, short)
      return squares(resized).flatMap(square => withMirrors(resized, [...cornersAndCentre(square, size), square]))
    })
  },
  describe(size) {
    return `short sides ${shortSides(size).join(', ')}, long side rounded half up; 3 squares each; corners and centre of each and the square itself made ${size} × ${size}, each also mirrored; bicubic as Pillow`
  },
} as const satisfies CropProtocol
