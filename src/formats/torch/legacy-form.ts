import { quote } from '../header-json.js'
import type { InputFile } from '../input-file.js'
import { PickleDict, PickleList, type PickleValue } from './pickle-value.js'
import { type Fail, stateDictOf, TensorPickles } from './state-dict.js'
import { type PlacedTensors, type StoragePlace, storageLength } from './storage-place.js'

/** The magic number as a pickle of protocol 2, with which every file of this form begins. */
export const legacyMagic: readonly number[] = [
  0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
]
const protocol = 1001

/**
 * PyTorch's form until 1.5: five pickles (magic number, protocol, the machine, the object, the keys of its storages) and
 * then each storage as its number of elements (8 bytes) and its bytes (torch/serialization.py, `_legacy_save`).
 * Errors: what `fail` throws.
 */
export function readLegacyForm(input: InputFile, fail: Fail): PlacedTensors {
  const pickles = new TensorPickles(fail)
  let at = legacyMagic.length
  const next = (): PickleValue => {
    const { value, end } = pickles.read(input, at, input.size)
    at = end
    return value
  }
  const version = next()
  if (version !== protocol) fail(`its protocol is not ${protocol}`)
  const machine = next()
  if (!(machine instanceof PickleDict) || machine.entries.get('little_endian') !== true)
    fail('its numbers are not little-endian')
  const tensors = stateDictOf(next(), fail)
  const keys = next()
  if (!(keys instanceof PickleList)) return fail('it has no list of storages')

  const places = new Map<string, StoragePlace>()
  for (const key of keys.items) {
    const storage = typeof key === 'string' ? pickles.storages.get(key) : undefined
    if (!storage) return fail(`it lists a storage that no tensor is in`)
    if (places.has(storage.key)) fail(`storage ${quote(storage.key)} is there twice`)
    const name = `storage ${quote(storage.key)}`
    const length = storageLength(storage)
    if (length === undefined || length > input.size - at - 8) return fail(`${name} reaches beyond the end of the file`)
    const elements = new DataView(input.read(at, 8).buffer).getBigUint64(0, true)
    if (elements !== BigInt(storage.elements)) fail(`${name} has ${elements} elements, not ${storage.elements}`)
    places.set(storage.key, { begin: at + 8, length })
    at += 8 + length
  }
  for (const key of pickles.storages.keys()) if (!places.has(key)) fail(`storage ${quote(key)} is missing`)
  if (at !== input.size) fail(`${input.size - at} bytes follow its last storage`)
  return { tensors, places }
}
