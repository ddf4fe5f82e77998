// Reads damaged weight files for as long as you like, which the tests do for seconds:
//   node dist/test/formats/mutate-weights.js tensorflow 100000 [seed]
//   node dist/test/formats/mutate-weights.js keras 100000 [seed]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { RandomStream } from '../../src/base/random.js'
import { mutateKeras } from './keras-mutations.js'
import { mutateTensorflow } from './tensorflow-mutations.js'

/** So that a parser that hangs is seen. */
const roundsPerLine = 2000

const [parser, rounds = '100000', seed = '1'] = process.argv.slice(2)
const folder = mkdtempSync(path.join(tmpdir(), 'mutants-'))
const originals = ['legacy_weights.h5', 'old.h5', 'model.weights.h5', 'whole.h5'].map(name =>
  gunzipSync(readFileSync(new URL(`../../../test/formats/fixtures/keras/${name}.gz`, import.meta.url))),
)
const parsers: Readonly<Record<string, (rounds: number, seed: number) => unknown>> = {
  tensorflow: (count, number) => mutateTensorflow(path.join(folder, 'mutant'), count, new RandomStream(number)),
  keras: (count, number) => mutateKeras(originals, count, number),
}
const run = parsers[parser ?? '']
if (run === undefined) throw new Error(`give a parser: ${Object.keys(parsers).join(', ')}`)
for (let done = 0; done < Number(rounds); done += roundsPerLine) {
  const count = Math.min(roundsPerLine, Number(rounds) - done)
  console.log(`rounds ${done} to ${done + count}:`, await run(count, Number(seed) + done))
}
rmSync(folder, { recursive: true })
