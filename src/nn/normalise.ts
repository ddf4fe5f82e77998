import { sizeOf } from '../base/shape.js'
import { normaliseRows } from '../graph/ops/normaliseRows.js'
import { scale } from '../graph/ops/scale.js'
import { type Layer, layer } from './scope.js'

/** Every row divided by its length: tf.nn.l2_normalize with the epsilon that facenet gives it. */
export const unitLength: Layer = layer('unit_length', x => normaliseRows(x, { centre: false, floor: 1e-10 }))

/**
 * Every image minus its own mean, over its own deviation, which counts as at least 1/√n for n numbers:
 * tf.image.per_image_standardization, and facenet's prewhiten.
 */
export const standardiseImages: Layer = layer('standardise', x => {
  const elements = sizeOf(x.shape.slice(1))
  return scale(normaliseRows(x, { centre: true, floor: 1 }), Math.sqrt(elements))
})
