// A thread that reads damaged HDF5 files, one after the other.
import assert from 'node:assert/strict'
import { parentPort, workerData } from 'node:worker_threads'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { openSection } from '../../src/formats/keras/byte-section.js'
import { failOn, Hdf5Library } from '../../src/formats/keras/hdf5-library.js'
import { readStoredModel } from '../../src/formats/keras/stored-model.js'
import type { MutantReport, MutantTask } from './keras-mutations.js'
import { mutate } from './mutate.js'

const { originals, from, rounds, seed }: MutantTask = workerData
const library = await Hdf5Library.load(2 ** 27)

for (let round = from; round < from + rounds; round++) {
  const report: MutantReport = { round, outcome: tryMutant(round) }
  parentPort!.postMessage(report)
}

function tryMutant(round: number): MutantReport['outcome'] {
  const random = new RandomStream(seed, round)
  const bytes = mutate(originals[round % originals.length]!, random)
  const file = `mutant-${round}`
  try {
    const { tree, close } = library.open(openSection({ bytes }), `/${file}`, file)
    try {
      for (const { weights } of readStoredModel(tree, failOn(file)).layers)
        for (const { path, shape } of weights)
          assert.equal(
            tree.floats(path).length,
            shape.reduce((n, axis) => n * axis, 1),
          )
    } finally {
      close()
    }
    return 'read'
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    assert.ok(
      error.message.includes(file) && !error.message.includes('\n') && error.message.length < 600,
      error.message,
    )
    return 'refused'
  }
}
