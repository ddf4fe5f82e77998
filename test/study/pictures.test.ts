import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { sharp } from '../../src/data/sharp.js'
import { errorFigures } from '../../src/study/report/error-figures.js'
import { lineChart } from '../../src/study/report/line-chart.js'
import { rasterise, writePictures } from '../../src/study/report/pictures.js'
import { interrupted, sample } from './sample.js'

test('a chart becomes an opaque PNG of the width asked for, its curves in their colours', async () => {
  const chart = errorFigures(sample)[0]!.charts[0]!
  const { data, info } = await sharp(await rasterise(lineChart(chart), 960))
    .raw()
    .toBuffer({ resolveWithObject: true })
  assert.equal(info.width, 960)
  assert.equal(info.channels, 3)
  const seen = new Map<string, number>()
  for (let i = 0; i < data.length; i += 3) {
    const colour = `${data[i]},${data[i + 1]},${data[i + 2]}`
    seen.set(colour, (seen.get(colour) ?? 0) + 1)
  }
  assert.ok(seen.get('255,255,255')! > data.length / 6)
  assert.ok(seen.get('176,74,0')! > 300, 'Inception-v3')
  assert.ok(seen.get('0,96,156')! > 300, 'Inception-ResNet-v1')
})

test('a picture is written for every chart; a folder that cannot be is said in one line', async t => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pictures-'))
  t.after(() => rm(folder, { recursive: true }))
  const one = { ...interrupted, networks: sample.networks.slice(0, 1) }
  const files = await writePictures(one, path.join(folder, 'new'))
  assert.deepEqual(
    files.map(f => path.basename(f)),
    ['8', '10', '11'].flatMap(n => [`figure-${n}-by-epoch.png`, `figure-${n}-by-time.png`]),
  )
  assert.equal((await readFile(files[0]!)).subarray(1, 4).toString(), 'PNG')
  const file = path.join(folder, 'file')
  await writeFile(file, '')
  await assert.rejects(
    writePictures(one, file),
    (e: unknown) => e instanceof UserError && /cannot write pictures/.test(e.message),
  )
})
