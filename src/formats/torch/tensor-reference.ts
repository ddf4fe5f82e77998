import type { Shape } from '../../base/shape.js'
import { type TensorType, tensorLength } from '../safetensors-header.js'
import { kindOf, PickleFunction, PickleObject, PickleTuple, type PickleValue } from './pickle-value.js'

// The objects of torch that a pickle of tensors is made of: torch/_utils.py and torch/_tensor.py.

/** The class of a storage, which says what its elements are. */
export class StorageType extends PickleObject {
  readonly title: string
  readonly dtype: TensorType

  constructor(title: string, dtype: TensorType) {
    super()
    this.title = title
    this.dtype = dtype
  }
}

/** Numbers that lie elsewhere in the file, under a key of their own. */
export class StorageReference extends PickleObject {
  readonly title = 'a storage'
  readonly key: string
  readonly dtype: TensorType
  /** Of the whole storage under the key. */
  readonly elements: number
  /** The part that is meant: all of it, but for the views of storages of old files. */
  readonly view: { readonly begin: number; readonly elements: number }

  constructor(key: string, dtype: TensorType, elements: number, view = { begin: 0, elements }) {
    super()
    this.key = key
    this.dtype = dtype
    this.elements = elements
    this.view = view
  }
}

/** A tensor by where its elements lie in a storage. It lies within the storage, and has no more elements than that. */
export class TensorReference extends PickleObject {
  readonly title = 'a tensor'
  readonly storage: StorageReference
  readonly shape: Shape
  /** From one index to the next on each axis, in elements. */
  readonly strides: readonly number[]
  /** Of the first element, from the start of the whole storage. */
  readonly begin: number

  constructor(storage: StorageReference, shape: Shape, strides: readonly number[], begin: number) {
    super()
    this.storage = storage
    this.shape = shape
    this.strides = strides
    this.begin = begin
  }
}

const storageTypes: Readonly<Record<string, TensorType>> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

/** The class torch.`name`, if it is a storage's. */
export const storageType = (name: string): StorageType | undefined =>
  Object.hasOwn(storageTypes, name) ? new StorageType(`torch.${name}`, storageTypes[name]!) : undefined

/** The functions of torch._utils that make tensors. Errors: what `fail` throws. */
export function rebuildFunction(name: string, fail: (reason: string) => never): PickleFunction | undefined {
  const title = `torch._utils.${name}`
  // The first is what PyTorch wrote before 0.4; what the second has more (gradients, hooks) is no part of the numbers.
  if (name === '_rebuild_tensor' || name === '_rebuild_tensor_v2')
    return new PickleFunction(title, ([storage, begin, shape, strides]) =>
      rebuildTensor({ storage, begin, shape, strides }, fail),
    )
  if (name === '_rebuild_parameter')
    return new PickleFunction(title, ([tensor = null]) =>
      tensor instanceof TensorReference ? tensor : fail(`a parameter in it is made of ${kindOf(tensor)}`),
    )
  return undefined
}

type Arguments = Readonly<Record<'storage' | 'begin' | 'shape' | 'strides', PickleValue | undefined>>

function rebuildTensor({ storage, begin, shape, strides }: Arguments, fail: (reason: string) => never) {
  if (!(storage instanceof StorageReference)) return fail('a tensor in it has no storage')
  const sizes = wholes(shape)
  const steps = wholes(strides)
  if (sizes === undefined || steps?.length !== sizes.length || !isWhole(begin))
    return fail('a tensor in it has no shape, strides and offset that go together')
  const name = `a tensor of ${sizes.join('×')} in storage ${storage.key}`
  if (tensorLength(storage.dtype, sizes) === undefined) return fail(`${name} is too large`)
  const elements = sizes.reduce((product, size) => product * size, 1)
  const { view } = storage
  if (elements > view.elements) return fail(`${name} repeats elements: it has ${view.elements}`)
  const last = sizes.reduce((sum, size, axis) => sum + (size - 1) * steps[axis]!, begin)
  if (elements > 0 ? last >= view.elements : begin > view.elements)
    return fail(`${name} reaches beyond its ${view.elements} elements`)
  return new TensorReference(storage, sizes, steps, view.begin + begin)
}

/** Far above any layer's; more would make a hostile file slow to read. */
const mostAxes = 16

const wholes = (value: PickleValue | undefined): number[] | undefined =>
  value instanceof PickleTuple && value.items.length <= mostAxes && value.items.every(isWhole)
    ? [...value.items]
    : undefined

const isWhole = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0
