import { UserError } from '../../base/error.js'
import { type Feature, readExample } from '../../formats/example.js'
import type { Fail } from '../../formats/file-error.js'
import { tfRecordExtents } from '../../formats/tfrecord.js'
import { type ImageBoxes, imageBoxesOf } from '../image-boxes.js'
import type { FileForm } from './found-image.js'

/**
 * Records as TF-Slim's scripts write them (tensorflow/models, research/slim/datasets/build_imagenet_data.py). Images are
 * read where they lie in the records. The class is the synset where one is written, and else the number.
 */
export const tfRecords: FileForm = {
  title: 'TFRecords',
  accepts: name => /-\d{5}-of-\d{5}$|\.tfrecords?$/.test(name),
  lists: false,
  *scan(input) {
    for (const extent of tfRecordExtents(input)) {
      const fail: Fail = reason => {
        throw new UserError(
          `${input.path}: the record at byte ${extent.begin - 12} ${reason}: write records as TF-Slim's scripts do, or get the file again`,
        )
      }
      const features = readExample(input, extent, fail)
      const part = features.get('image/encoded')?.extent() ?? fail('has no image/encoded')
      const boxes = boxesIn(features, fail)
      yield {
        name: features.get('image/filename')?.text() || `record at byte ${extent.begin - 12}`,
        label: labelIn(features, fail),
        part,
        ...(boxes && { boxes }),
      }
    }
  },
}

function labelIn(features: ReadonlyMap<string, Feature>, fail: Fail): string {
  const synset = features.get('image/class/synset')?.text()
  if (synset) return synset
  const [number] = features.get('image/class/label')?.integers() ?? []
  if (number === undefined) return fail('has neither image/class/label nor image/class/synset')
  // Slim's test split has no classes, and −1 in their place.
  return number < 2n ** 31n ? String(number) : fail('has a class out of range')
}

const sides = ['xmin', 'ymin', 'xmax', 'ymax'] as const

function boxesIn(features: ReadonlyMap<string, Feature>, fail: Fail): ImageBoxes | undefined {
  const [left, top, right, bottom] = sides.map(
    side => features.get(`image/object/bbox/${side}`)?.floats() ?? new Float32Array(0),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array]
  if (left.length === 0) return undefined
  if ([top, right, bottom].some(({ length }) => length !== left.length))
    return fail('has bounding boxes of which sides are missing')
  return imageBoxesOf(Array.from(left, (x, i) => [x, top[i]!, right[i]!, bottom[i]!] as const))
}
