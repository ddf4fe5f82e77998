import { nearest, UserError } from '../../base/error.js'
import type { Shape } from '../../base/shape.js'
import { quote } from '../header-json.js'
import { InputFile } from '../input-file.js'
import { decodeJsonObject, type JsonObject } from '../json.js'
import type { TensorType } from '../safetensors-header.js'
import { archiveStartLength, type KerasArchive, readKerasArchive, startsKerasArchive } from './archive.js'
import type { StoredLayer, StoredWeight } from './hdf5-request.js'
import { defaultPatience, Hdf5Thread } from './hdf5-thread.js'
import { layerNames } from './layer-names.js'

export interface KerasWeight {
  /** As the file has it: `conv2d_1/kernel:0`, or `0`, `1` and so on in Keras 3's own format. */
  readonly name: string
  /** In the file; undefined for what is no tensor of numbers. */
  readonly dtype: TensorType | undefined
  readonly shape: Shape
}

export interface KerasLayer {
  readonly name: string
  readonly weights: readonly KerasWeight[]
}

/** A file of Keras weights open for reading; each weight is read when asked for, and nothing else is in memory. */
export class KerasFile implements AsyncDisposable {
  readonly path: string
  /** The layers that have weights: in the model's order where the file tells it, else by their names. */
  readonly layers: readonly KerasLayer[]
  /** The model's configuration, where the file holds it. */
  readonly config: JsonObject | undefined
  /** The version of Keras that wrote the file, where it says so. */
  readonly version: string | undefined
  readonly #places: ReadonlyMap<string, ReadonlyMap<string, StoredWeight>>
  readonly #thread: Hdf5Thread
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    path: string,
    layers: readonly StoredLayer[],
    model: { readonly config: JsonObject | undefined; readonly version: string | undefined },
    thread: Hdf5Thread,
  ) {
    this.path = path
    this.config = model.config
    this.version = model.version
    this.layers = layers.map(({ name, weights }) => ({
      name,
      weights: weights.map(weight => ({ name: weight.name, dtype: weight.dtype, shape: weight.shape })),
    }))
    this.#places = new Map(
      layers.map(layer => [layer.name, new Map(layer.weights.map(weight => [weight.name, weight]))]),
    )
    this.#thread = thread
  }

  /**
   * The numbers of one weight, row-major, those of 16 and 64 bits converted. Errors: `UserError` when there is no such
   * layer or weight, or it cannot be read.
   */
  async read(layer: string, weight: string): Promise<Float32Array<ArrayBuffer>> {
    const path = this.#placeOf(layer, weight)
    const reply = this.#last.then(() => this.#thread.ask({ read: path }))
    this.#last = reply.catch(() => undefined)
    const answer = await reply
    if (!('values' in answer)) throw new Error(`${this.path} gave no values`)
    return answer.values
  }

  /** The same at once, while this thread stands still. Errors: as `read`. */
  readNow(layer: string, weight: string): Float32Array<ArrayBuffer> {
    return this.#thread.readNow(this.#placeOf(layer, weight))
  }

  #placeOf(layer: string, weight: string): string {
    const weights = this.#named(this.#places, 'layer', layer, this.path)
    return this.#named(weights, 'weight', weight, `layer ${quote(layer)} of ${this.path}`).path
  }

  close(): Promise<void> {
    return this.#thread.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #named<T>(things: ReadonlyMap<string, T>, kind: string, name: string, where: string): T {
    const thing = things.get(name)
    if (thing !== undefined) return thing
    const close = nearest(name, [...things.keys()])
    const hint = close === undefined ? `it has ${things.size} others` : `did you mean ${quote(close)}?`
    throw new UserError(`${where} has no ${kind} ${quote(name)}: ${hint}`)
  }
}

/** How many of a file's first bytes `looksLikeKeras` looks at. */
export const kerasStartLength = archiveStartLength

/** HDF5, or an archive of Keras 3. */
export const looksLikeKeras = (start: Uint8Array): boolean => isHdf5(start) || startsKerasArchive(start)

const isHdf5 = (start: Uint8Array): boolean => Buffer.from(start).toString('latin1', 0, hdf5Magic.length) === hdf5Magic
const hdf5Magic = '\x89HDF\r\n\x1a\n'

/**
 * Opens the weights of a Keras model: an HDF5 file of weights or of a whole model (`.h5`, of any version), or an archive of
 * Keras 3 (`.keras`). The first bytes tell which. `patience` is the milliseconds that the HDF5 library may take for an answer.
 * Errors: `UserError` naming the file and what is wrong with it.
 */
export async function openKeras(path: string, patience: number = defaultPatience): Promise<KerasFile> {
  const archive = await openArchive(path)
  const thread = new Hdf5Thread({ place: archive.weights, file: path }, patience)
  try {
    const reply = await thread.ask({ list: true })
    if (!('model' in reply)) throw new Error(`${path} gave no list of layers`)
    const { model } = reply
    const config =
      archive.config ??
      (model.config === undefined ? undefined : decodeJsonObject(model.config, `the model_config of ${path}`))
    const version = model.version ?? archive.metadata?.keras_version
    return new KerasFile(
      path,
      named(model.layers, config),
      { config, version: typeof version === 'string' ? version : undefined },
      thread,
    )
  } catch (error) {
    await thread.close()
    throw error
  }
}

/** The archive, or an HDF5 file as if it were one. */
async function openArchive(path: string): Promise<KerasArchive> {
  using input = new InputFile(path)
  const start = Buffer.from(input.read(0, Math.min(8, input.size)))
  if (start.toString('latin1', 0, 4) === 'PK\x03\x04') return readKerasArchive(path)
  // HDF5 may stand behind a block of something else, which Keras does not write.
  if (!isHdf5(start))
    throw new UserError(`${path} is no file of Keras weights: it is neither HDF5 nor a .keras archive; check the path`)
  return { weights: { file: path, offset: 0, length: input.size }, config: undefined, metadata: undefined }
}

/** The layers under the names that the configuration has for their paths, in its order; no two have the same name. */
function named(layers: readonly StoredLayer[], config: JsonObject | undefined): readonly StoredLayer[] {
  const names = config === undefined ? new Map<string, string>() : layerNames(config)
  const places = new Map([...names.keys()].map((path, i) => [path, i]))
  const pathOf = (layer: StoredLayer) => layer.path.replaceAll('_layer_checkpoint_dependencies', 'layers')
  const placeOf = (layer: StoredLayer) => places.get(pathOf(layer)) ?? places.size
  const renamed = layers
    .map(layer => ({
      ...layer,
      name: layer.name === layer.path ? (names.get(pathOf(layer)) ?? layer.name) : layer.name,
    }))
    .sort((a, b) => placeOf(a) - placeOf(b))
  const counts = new Map<string, number>()
  for (const { name } of renamed) counts.set(name, (counts.get(name) ?? 0) + 1)
  return renamed.map(layer => (counts.get(layer.name) === 1 ? layer : { ...layer, name: layer.path }))
}
