import type { Program } from '../backends/backend.js'
import type { Shape } from '../base/shape.js'
import type { RgbImage } from '../data/decode.js'
import { ImageViews, type Place } from '../data/image-views.js'
import { inputExtent } from '../data/preprocessing.js'
import { writeBilinear } from '../data/sample-writer.js'
import { gradients } from '../graph/gradients.js'
import { featureMap, type Value } from '../graph/op.js'
import { type Input, input } from '../graph/ops/source.js'
import { optimise, optimiseForward } from '../graph/passes/passes.js'
import { feedImages } from '../networks/feed.js'
import { modelOptions, networkOf } from '../networks/model-spec.js'
import { buildModel } from '../nn/model.js'
import type { Classifier } from './classifier.js'

/** How much each place of a view speaks for a class. */
export interface ClassActivation {
  readonly width: number
  readonly height: number
  /** [height, width], at least 0: ReLU(Σ weight · map) over the channels of the last feature map. */
  readonly values: Float32Array
  /** Where in the image the view lies. */
  readonly place: Place
  /** Its share in the image's average. */
  readonly share: number
}

/** The weight of each logit in the score that is differentiated, so that one program does for every class. */
const chosenClass = (shape: Shape): Input => ({ name: 'class', dtype: 'f32', shape, feed: 'plain' })

/**
 * Grad-CAM (Selvaraju et al., arXiv:1610.02391, equations 1 and 2): the channels of the last feature map, each weighted
 * by the mean over places of the class score's gradient with respect to it, added up and cut at zero. The score is how far
 * the class's logit lies above the mean of all: softmax does not see what all logits have in common, and where training
 * has moved them all below zero, nothing would speak for any class. Differentiates the network as it predicts, with its
 * running statistics.
 */
export class GradCam implements Disposable {
  readonly #classifier: Classifier
  readonly #program: Program
  readonly #map: Value
  readonly #gradient: Value
  readonly #pixels: Float32Array

  /** Dispose it before the classifier. */
  constructor(classifier: Classifier) {
    const { model, precision, backend, store, preprocessing } = classifier
    const built = buildModel(networkOf(model), { ...modelOptions(model), mode: 'eval', batch: 1, precision })
    const { graph, logits, pooled } = built
    const absorbed = optimiseForward(graph, [logits, pooled], backend.passes)
    const map = absorbed(pooled)
    const score = { of: absorbed(logits), weight: input(graph, chosenClass(logits.shape)) }
    const [gradient] = gradients([score], [map])
    const renamed = optimise(graph, [map, gradient!], backend.passes)
    this.#map = renamed(map)
    this.#gradient = renamed(gradient!)
    this.#program = backend.compile(graph, { outputs: [this.#map, this.#gradient], store, tune: false })
    const { width, height } = inputExtent(preprocessing)
    this.#pixels = new Float32Array(width * height * 3)
    this.#classifier = classifier
  }

  /** What speaks for a class in each view of an image. Errors: BadImage as in predicting it. */
  explain(image: RgbImage, classIndex: number): ClassActivation[] {
    const views = new ImageViews(image, this.#classifier.preprocessing, writeBilinear)
    const chosen = this.#program.input('class')
    chosen.fill(-1 / chosen.length)
    chosen[classIndex]! += 1
    const activations: ClassActivation[] = []
    for (const [view, share] of views.weights.entries()) {
      if (share === 0) continue
      views.write(view, this.#pixels)
      activations.push({ ...this.#activation(), place: views.placeOf(view), share })
    }
    return activations
  }

  #activation(): Pick<ClassActivation, 'width' | 'height' | 'values'> {
    const { preprocessing } = networkOf(this.#classifier.model)
    feedImages(this.#pixels, preprocessing, this.#program.input('images') as Float32Array)
    this.#program.run()
    const [, channels, height, width] = featureMap(this.#map)
    const map = this.#program.read(this.#map)
    const gradient = this.#program.read(this.#gradient)
    const area = height * width
    const sums = new Float64Array(area)
    for (let c = 0; c < channels; c++) {
      let weight = 0
      for (let i = c * area; i < (c + 1) * area; i++) weight += gradient[i]! / area
      for (let i = 0; i < area; i++) sums[i]! += weight * map[c * area + i]!
    }
    return { width, height, values: Float32Array.from(sums, sum => Math.max(0, sum)) }
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]()
  }
}
