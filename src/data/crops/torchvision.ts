import { type CropProtocol, defaultFraction } from './protocol.js'
import { centreOf } from './timm.js'

/**
 * torchvision's evaluation of its own weights (`ImageClassification` in transforms/_presets.py): bilinear, and a short side
 * that is size / fraction rounded: 342 for 299, 256 for 224.
 */
export const torchvision = {
  id: 'torchvision',
  title: 'single crop (torchvision)',
  resampling: 'bilinear',
  count: 1,
  scales: 1,
  views(image, size, { fraction = defaultFraction } = {}) {
    return [centreOf(image, Math.round(size / fraction), size)]
  },
  describe(size, { fraction = defaultFraction } = {}) {
    const short = Math.round(size / fraction)
    return `short side ${short}, long side cut to whole pixels, centre ${size} × ${size}; bilinear as Pillow`
  },
} as const satisfies CropProtocol
