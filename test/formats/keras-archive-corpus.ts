import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { readKerasArchive } from '../../src/formats/keras/archive.js'
import type { DamagedFiles } from './damaged-files.js'

const fixture = new URL('../../../test/formats/fixtures/keras/model.keras.gz', import.meta.url)

/** Archives of Keras 3, up to where their HDF5 begins. */
export const damagedKerasArchives = (): DamagedFiles => ({
  originals: [gunzipSync(readFileSync(fixture))],
  ending: '.keras',
  read: async file => void (await readKerasArchive(file)),
})
