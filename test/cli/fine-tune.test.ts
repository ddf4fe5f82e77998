import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { writeSynth } from '../../src/data/synth/folder.js'
import { inLanes } from '../../src/study/lanes/lanes.js'
import { fineTuningRecipe } from '../../src/training/recipe.js'
import { drawTinyData, sha256, temporaryFolder, tinyModel, tinyModelFlags, tinySynth } from '../training/tiny-run.js'
import { assertDone, assertRefused, inception } from './inception.js'

const root = temporaryFolder()
await drawTinyData(path.join(root, 'data'))
await writeSynth(path.join(root, 'flowers'), { ...tinySynth, classes: 2, seed: 3 })

const words = (line: string) => line.split(' ')
assertDone(
  await inception([...words('train --data data --out known --batch 4 --epochs 1 --seed 5'), ...tinyModelFlags], {
    cwd: root,
  }),
)

test('a run is fine-tuned for other classes by its folder alone', async () => {
  const command =
    'train --init known --classes-from-data --data flowers --batch 8 --epochs 4 --head-only-epochs 1 --freeze stem'
  const { stderr } = assertDone(await inception(words(`${command} --size 75 --keep 1`), { cwd: root }))
  assert.match(stderr, /^training inception-resnet-v1 \([\d,]+ parameters, 2 classes\): 24 images, 4 epochs, 12 steps/m)
  const [first, second] = [
    ...stderr.matchAll(/^from step (\d+) on: ([\d,]+) of the ([\d,]+) parameters are trained$/gm),
  ]
  assert.equal(first![1], '1')
  assert.equal(second![1], '4')
  const [head, rest, all] = [first![2]!, second![2]!, second![3]!].map(count => Number(count.replaceAll(',', '')))
  assert.ok(head! < rest! && rest! < all!)

  const run = path.join(root, 'runs/inception-resnet-v1-fine-tuned')
  const { settings } = JSON.parse(readFileSync(path.join(run, 'run.json'), 'utf8'))
  assert.deepEqual(settings.model, { ...tinyModel, classes: 2 })
  const { precision, ...recipe } = settings.recipe
  assert.deepEqual(recipe, { ...fineTuningRecipe(4), batch: 8, keep: 1 })
  const file = path.join(root, 'known/checkpoints/step-00000006.safetensors')
  assert.deepEqual(settings.fineTuning, {
    file,
    sha256: sha256(file),
    newClasses: true,
    freeze: ['stem'],
    headOnlyEpochs: 1,
  })
  const report = readFileSync(path.join(run, 'report.html'), 'utf8')
  assert.ok(report.includes(`beginning with the weights of ${file}`))
  assert.ok(report.includes('headOnlyEpochs'))
})

test('fine-tuning that cannot be is refused in one line, and nothing is made', async () => {
  const refused: [options: string, code: 1 | 2, message: RegExp][] = [
    ['--classes-from-data', 2, /--classes-from-data is for fine-tuning: .*\(--init\)/],
    ['--freeze stem', 2, /--freeze is for fine-tuning/],
    ['--init data', 1, /data is a folder without checkpoints/],
    ['--init known', 1, /is of 3 classes and .*flowers\/train has 2: .* add --classes-from-data/],
    ['--init known --width 0.5', 2, /--width asks for 0.5, and checkpoint .* has 0.0625: leave --width out/],
    ['--init known --blocks a=2', 2, /--blocks asks for a=2,b=10,c=5, and checkpoint .* has a=1,b=1,c=1/],
    ['--init known --no-norm-scale', 2, /--no-norm-scale asks for no scale, and checkpoint .* has a scale/],
    ['--init known --network inception-v4', 2, /--network asks for inception-v4, .* has inception-resnet-v1/],
    ['--init known --freeze stem,resnet_d', 2, /under 'resnet_d': did you mean 'resnet_[abc]'\? There are stem, /],
    ['--init known --freeze stem,', 2, /'--freeze <scopes>' argument 'stem,' is invalid. Write it like/],
    ['--init known --classes-from-data --freeze logits', 2, /'logits.weights' is new and would stay zero/],
    ['--init known --epochs 2 --head-only-epochs 3', 2, /the run has 2 epochs: .* no more than that/],
    ['--init known --auxiliary 0.4', 2, /with its auxiliary head does not fit/],
  ]
  await inLanes(
    2,
    refused.map(([options, code, message]) => async () => {
      const ended = await inception(words(`train --data flowers --out refused ${options}`), { cwd: root })
      assertRefused(ended, code, message)
    }),
  )
  assert.ok(!existsSync(path.join(root, 'refused')))
})
