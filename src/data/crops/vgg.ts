import { type CropProtocol, defaultFraction } from './protocol.js'

/**
 * TF-Slim's evaluation of the networks that came from Caffe (vgg_preprocessing.py): a short side that is size / fraction
 * rounded, the long side rounded too (cut, in its first version), and the centre, at whole pixels towards the left and top.
 */
export const vgg = {
  id: 'vgg',
  title: 'single crop (VGG)',
  resampling: 'tensorflow-bilinear',
  count: 1,
  scales: 1,
  views({ width, height }, size, { fraction = defaultFraction } = {}) {
    const scale = Math.round(size / fraction) / Math.min(width, height)
    const resized = { width: Math.round(width * scale), height: Math.round(height * scale) }
    const [x, y] = [Math.floor((resized.width - size) / 2), Math.floor((resized.height - size) / 2)]
    return [{ resized, from: { x, y, width: size, height: size }, mirrored: false }]
  },
  describe(size, { fraction = defaultFraction } = {}) {
    const short = Math.round(size / fraction)
    return `short side ${short}, long side rounded to whole pixels, centre ${size} × ${size}; bilinear as TensorFlow 1`
  },
} as const satisfies CropProtocol
