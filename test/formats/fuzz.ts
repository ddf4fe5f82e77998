// Reads damaged files of weights, and Parquet's, for as long as you like; the tests read a few thousand of each form.
//   npm run fuzz -- torch 100000 [seed]
//   npm run fuzz -- all 100000
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { formatCount } from '../../src/base/format.js'
import { RandomStream } from '../../src/base/random.js'
import { damagedParquet } from '../data/sources/parquet-corpus.js'
import { readDamaged } from './damaged-files.js'
import { damagedKerasArchives } from './keras-archive-corpus.js'
import { mutateKeras } from './keras-mutations.js'
import type { Outcomes } from './outcomes.js'
import { damagedSafetensors } from './safetensors-corpus.js'
import { mutateTensorflow } from './tensorflow-mutations.js'
import { damagedTorch } from './torch-corpus.js'

/** So that a parser that hangs is seen. */
const filesPerLine = 5000

const folder = mkdtempSync(path.join(tmpdir(), 'fuzz-'))
const hdf5 = (name: string) =>
  gunzipSync(readFileSync(new URL(`../../../test/formats/fixtures/keras/${name}.gz`, import.meta.url)))

const parsers: Readonly<Record<string, (count: number, seed: number) => Outcomes | Promise<Outcomes>>> = {
  safetensors: (count, seed) => readDamaged(damagedSafetensors(), count, seed),
  torch: (count, seed) => readDamaged(damagedTorch(), count, seed),
  tensorflow: (count, seed) => mutateTensorflow(path.join(folder, 'damaged'), count, new RandomStream(seed)),
  'keras-archive': (count, seed) => readDamaged(damagedKerasArchives(), count, seed),
  parquet: (count, seed) => readDamaged(damagedParquet(), count, seed),
  keras: (count, seed) =>
    mutateKeras(['legacy_weights.h5', 'old.h5', 'model.weights.h5', 'whole.h5'].map(hdf5), count, seed),
}

const [asked = 'all', total = '100000', start = '1'] = process.argv.slice(2)
const chosen = asked === 'all' ? Object.keys(parsers) : [asked]
try {
  for (const name of chosen) {
    const read = parsers[name]
    if (!read) throw new Error(`there is no parser ${name}: give all, or one of ${Object.keys(parsers).join(', ')}`)
    for (let done = 0; done < Number(total); done += filesPerLine) {
      const count = Math.min(filesPerLine, Number(total) - done)
      const outcomes = JSON.stringify(await read(count, Number(start) + done))
      const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
      console.log(
        `${name}: ${formatCount(done + count)} damaged files, the last ${count} ${outcomes}, ${memory} MiB resident`,
      )
    }
  }
} finally {
  rmSync(folder, { recursive: true })
}
