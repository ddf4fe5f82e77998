import { quote } from '../header-json.js'
import type { InputFile } from '../input-file.js'
import { type Fail, stateDictOf, TensorPickles } from './state-dict.js'
import { type PlacedTensors, type StoragePlace, storageLength } from './storage-place.js'
import { readZipEntries, type ZipEntry } from './zip-entries.js'

/** A zip archive begins so. */
export const zipMagic: readonly number[] = [0x50, 0x4b, 0x03, 0x04]

/**
 * PyTorch's container since 1.6: a zip archive with `data.pkl`, the pickle, and each storage in `data/<key>`, all in one
 * folder and stored as they are (torch/serialization.py, `_save`). Errors: what `fail` throws.
 */
export async function readZipForm(input: InputFile, fail: Fail): Promise<PlacedTensors> {
  const entries = await readZipEntries(input, fail)
  const [pickle, second] = [...entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
  if (!pickle || second) return fail(`it has ${second ? 'two pickles' : 'no data.pkl'}`)
  const folder = pickle.name.slice(0, pickle.name.indexOf('/'))
  if (entries.has(`${folder}/constants.pkl`)) fail('it is a TorchScript program and no state dict')
  expectLittleEndian(input, entries.get(`${folder}/byteorder`), fail)

  const pickles = new TensorPickles(fail)
  const { begin, length } = asStored(pickle, fail)
  const { value, end } = pickles.read(input, begin, begin + length)
  if (end !== begin + length) fail(`${begin + length - end} bytes follow its pickle`)
  const tensors = stateDictOf(value, fail)

  const places = new Map<string, StoragePlace>()
  for (const [key, storage] of pickles.storages) {
    const entry = entries.get(`${folder}/data/${key}`) ?? fail(`storage ${quote(key)} is missing`)
    if (asStored(entry, fail).length !== storageLength(storage))
      fail(`storage ${quote(key)} has ${entry.length} bytes, not those of ${storage.elements} ${storage.dtype}`)
    places.set(key, entry)
  }
  expectApart([pickle, ...places.values()], fail)
  return { tensors, places }
}

function asStored(entry: ZipEntry, fail: Fail): ZipEntry {
  return entry.stored ? entry : fail(`its entry ${quote(entry.name)} is compressed or encrypted`)
}

function expectLittleEndian(input: InputFile, entry: ZipEntry | undefined, fail: Fail): void {
  if (!entry) return
  const { begin, length } = asStored(entry, fail)
  const word = new TextDecoder().decode(input.read(begin, Math.min(length, 16)))
  if (word !== 'little') fail(`its numbers are in the byte order ${quote(word)}`)
}

function expectApart(places: readonly StoragePlace[], fail: Fail): void {
  let end = 0
  for (const { begin, length } of [...places].sort((a, b) => a.begin - b.begin || a.length - b.length)) {
    if (begin < end) fail(`two storages share the bytes at ${begin}`)
    end = begin + length
  }
}
