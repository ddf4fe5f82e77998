import { centralCrop } from '../crop.js'
import { type CropProtocol, defaultFraction } from './protocol.js'

/** TF-Slim's `preprocess_for_eval`: the centre of the original, resized without keeping its aspect. */
export const slim = {
  id: 'slim',
  title: 'single crop (TF-Slim)',
  resampling: 'tensorflow-bilinear',
  count: 1,
  scales: 1,
  views({ width, height }, _size, { fraction = defaultFraction } = {}) {
    return [{ resized: undefined, from: centralCrop(width, height, fraction), mirrored: false }]
  },
  describe(size, { fraction = defaultFraction } = {}) {
    return `the central ${fraction} of each side, made ${size} × ${size} without its aspect, bilinear as TensorFlow 1`
  },
} as const satisfies CropProtocol
