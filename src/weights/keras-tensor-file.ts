import { UserError } from '../base/error.js'
import type { Shape } from '../base/shape.js'
import { type KerasFile, type KerasLayer, type KerasWeight, openKeras } from '../formats/keras/keras-file.js'

/** Parts of a layer by the axes of its weights, for files that only number them (keras/src/layers, the order of `build`). */
const parts: readonly (readonly string[])[] = [
  ['kernel'],
  ['kernel', 'bias'],
  ['beta', 'moving_mean', 'moving_variance'],
  ['gamma', 'beta', 'moving_mean', 'moving_variance'],
]

/**
 * A file of Keras weights as named tensors, `conv2d_1/kernel:0`: a layer and the end of the weight's own name. Keras 3
 * only numbers a layer's weights, whose parts are then told by their axes.
 */
export class KerasTensorFile implements Disposable {
  readonly path: string
  /** All f32: numbers of other types are converted as they are read. */
  readonly tensors: ReadonlyMap<string, { readonly dtype: 'F32'; readonly shape: Shape }>
  readonly others: readonly string[]
  readonly #file: KerasFile
  readonly #places: ReadonlyMap<string, readonly [layer: string, weight: string]>

  constructor(file: KerasFile) {
    const all = file.layers.flatMap(layer =>
      layer.weights.map((weight, i) => ({ ...weight, layer: layer.name, as: `${layer.name}/${partOf(layer, i)}` })),
    )
    const numbers = all.filter(({ dtype }) => dtype !== undefined)
    this.path = file.path
    this.tensors = new Map(numbers.map(({ as, shape }) => [as, { dtype: 'F32', shape }]))
    this.others = all.filter(({ dtype }) => dtype === undefined).map(({ as }) => as)
    this.#file = file
    this.#places = new Map(numbers.map(({ as, layer, name }) => [as, [layer, name]]))
  }

  /** The elements of one tensor, little-endian and row-major. Errors: `UserError` where it cannot be read. */
  read(name: string): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#file.readNow(...this.#places.get(name)!).buffer)
  }

  /** Nothing has to wait for the end of a thread that is asked nothing more. */
  [Symbol.dispose](): void {
    void this.#file.close()
  }
}

/** Errors: as `openKeras`, and `UserError` where the file has no names of layers. */
export async function openKerasTensors(path: string): Promise<KerasTensorFile> {
  const file = await openKeras(path)
  try {
    expectNames(path, file.layers)
    return new KerasTensorFile(file)
  } catch (error) {
    await file.close()
    throw error
  }
}

/**
 * Without names a layer is its class and a number in the order of the model's layers, which is not the order in which
 * the layers got their names.
 */
function expectNames(path: string, layers: readonly KerasLayer[]): void {
  const unnamed = layers.find(({ name }) => /^(layers|_layer_checkpoint_dependencies)\//.test(name))
  if (unnamed)
    throw new UserError(
      `${path} does not say what its layers are called (${unnamed.name}), as weights of an early Keras 3 alone: save the whole model as .keras, or its weights as .h5`,
    )
}

function partOf({ weights }: KerasLayer, i: number): string {
  const { name } = weights[i]!
  if (weights.every(weight => /^\d+$/.test(weight.name))) return partsByAxes(weights)?.[i] ?? name
  const end = (weight: KerasWeight) => weight.name.slice(weight.name.lastIndexOf('/') + 1)
  return weights.filter(weight => end(weight) === end(weights[i]!)).length === 1 ? end(weights[i]!) : name
}

const partsByAxes = (weights: readonly KerasWeight[]): readonly string[] | undefined =>
  parts.find(
    names =>
      names.length === weights.length &&
      weights.every(({ shape }, i) => (names[i] === 'kernel' ? shape.length > 1 : shape.length === 1)),
  )
