import { quote } from '../header-json.js'
import type { InputFile } from '../input-file.js'
import { ByteCursor } from './byte-cursor.js'
import { fill, type PickleHost, readPickle } from './pickle.js'
import {
  kindOf,
  PickleDict,
  PickleFunction,
  PickleList,
  type PickleObject,
  PickleTuple,
  type PickleValue,
} from './pickle-value.js'
import { rebuildFunction, StorageReference, StorageType, storageType, TensorReference } from './tensor-reference.js'

// What both containers of PyTorch share: pickles whose tensors refer to storages beside them.

/** Throws the error to report, given the reason. */
export type Fail = (reason: string) => never

/** Pickles that refer to the same storages. */
export class TensorPickles {
  /** Every storage that was referred to. */
  readonly storages = new Map<string, StorageReference>()
  readonly #fail: Fail

  constructor(fail: Fail) {
    this.#fail = fail
  }

  /** Reads the pickle from `begin`, which must end by `end`; gives its value and where it ends. */
  read(input: InputFile, begin: number, end: number): { readonly value: PickleValue; readonly end: number } {
    const cursor = new ByteCursor(input, begin, end, this.#fail)
    const host: PickleHost = {
      fail: this.#fail,
      global: (module, name) => this.#global(module, name),
      persistent: id => this.#storage(id),
    }
    const value = readPickle(cursor, host)
    return { value, end: cursor.position }
  }

  #global(module: string, name: string): PickleObject | undefined {
    if (module === 'torch') return storageType(name)
    if (module === 'torch._utils') return rebuildFunction(name, this.#fail)
    return module === 'collections' && name === 'OrderedDict' ? this.#orderedDict : undefined
  }

  /** Empty, to be filled, in Python 3; of a list of pairs in Python 2. */
  readonly #orderedDict = new PickleFunction('collections.OrderedDict', ([list]) => {
    const pairs = list === undefined ? [] : list instanceof PickleList ? list.items : [list]
    const items = pairs.flatMap(pair =>
      pair instanceof PickleList || (pair instanceof PickleTuple && pair.items.length === 2)
        ? pair.items
        : this.#fail('an OrderedDict in it is made of something else than pairs'),
    )
    return fill(new PickleDict(), items, { fail: this.#fail })
  })

  /** ('storage', class, key, device, elements[, view]): `persistent_id` in torch/serialization.py. */
  #storage(id: PickleValue): StorageReference {
    const fail = this.#fail
    if (!(id instanceof PickleTuple)) return fail(`it refers to ${kindOf(id)} outside`)
    const [kind, type, key, , elements, view = null] = id.items
    if (kind !== 'storage') return fail(`it refers to ${typeof kind === 'string' ? quote(kind) : 'something'} outside`)
    if (!(type instanceof StorageType) || typeof key !== 'string' || !isCount(elements))
      return fail('it refers to a storage without type, key or length')
    const known = this.storages.get(key)
    if (known && (known.dtype !== type.dtype || known.elements !== elements))
      return fail(`storage ${quote(key)} has two types or lengths`)
    const whole = known ?? new StorageReference(key, type.dtype, elements)
    this.storages.set(key, whole)
    return view === null ? whole : this.#view(whole, view)
  }

  /** (key, begin, elements) of a storage that is part of another, until PyTorch 1.5. */
  #view(whole: StorageReference, view: PickleValue): StorageReference {
    const [, begin, elements] = view instanceof PickleTuple ? view.items : []
    if (!isCount(begin) || !isCount(elements) || begin + elements > whole.elements)
      return this.#fail(`a view of storage ${quote(whole.key)} lies outside of it`)
    return new StorageReference(whole.key, whole.dtype, whole.elements, { begin, elements })
  }
}

const isCount = (value: PickleValue | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

/** Under which training programs keep the network's own tensors. */
const nests = ['state_dict', 'model'] as const

/**
 * The tensors of a saved object by name: the object itself, if it is a dict of tensors, or what it holds under
 * 'state_dict' or 'model'.
 */
export function stateDictOf(saved: PickleValue, fail: Fail): ReadonlyMap<string, TensorReference> {
  if (!(saved instanceof PickleDict)) return fail(`it holds ${kindOf(saved)} and no state dict`)
  const nested = nests.map(name => saved.entries.get(name)).find(value => value instanceof PickleDict)
  const { entries } = nested ?? saved
  const tensors = new Map<string, TensorReference>()
  for (const [name, value] of entries) {
    if (typeof name !== 'string') return fail(`its state dict has the key ${name}, which is no name`)
    if (!(value instanceof TensorReference))
      return fail(`${quote(name)} in its state dict is ${kindOf(value)} and no tensor`)
    tensors.set(name, value)
  }
  if (tensors.size === 0) fail('it holds no tensors')
  return tensors
}
