import assert from 'node:assert/strict'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { openBackend } from '../../src/backends/open.js'
import { openEvaluationData } from '../../src/data/sources/open.js'
import { evaluatorOf } from '../../src/evaluation/checkpoint-evaluator.js'
import { rowOf } from '../../src/evaluation/scores.js'
import { optimiseInference } from '../../src/graph/passes/passes.js'
import { modelOptions, networkOf } from '../../src/networks/model-spec.js'
import { buildModel } from '../../src/nn/model.js'
import { readCheckpoint } from '../../src/training/checkpoint.js'
import { noise, pipeline, ramp } from '../data/picture.js'
import { untrainedClasses, untrainedModel, writeUntrained } from '../evaluation/untrained.js'
import { temporaryFolder } from '../training/tiny-run.js'
import { collect, openClassifier, predictOne } from './setting.js'

const root = temporaryFolder()
const checkpoint = writeUntrained(path.join(root, 'untrained.safetensors'))
const { size } = untrainedModel

const sides = [80, 64, 120, 75, 91, 76] as const
const files: string[] = []
for (let i = 0; i < 18; i++) {
  const file = path.join(root, 'data', untrainedClasses[i % 3]!, `${i}.png`)
  mkdirSync(path.dirname(file), { recursive: true })
  await pipeline(noise(i, sides[i % 6]!, sides[(i + 2) % 6]!))
    .png()
    .toFile(file)
  files.push(file)
}
const set = await openEvaluationData(path.join(root, 'data'))
const inSetOrder = set.items.map(item => item.path)

const near = (got: ArrayLike<number>, wanted: ArrayLike<number>, bound = 1e-5) => {
  assert.equal(got.length, wanted.length)
  const worst = Math.max(...Array.from(wanted, (w, i) => Math.abs(w - got[i]!)))
  assert.ok(worst <= bound, `off by ${worst}`)
}

test('an image of the network’s size, taken as it is, gives the logits of the bare program to the bit', async () => {
  const image = noise(3, size, size)
  using classifier = openClassifier(checkpoint, { look: 'exact' })
  const { logits } = await predictOne(classifier, image)

  const { backend, store, model } = classifier
  const built = buildModel(networkOf(model), { ...modelOptions(model), mode: 'eval', batch: 1 })
  const output = optimiseInference(built.graph, built.logits, backend.passes)
  using program = backend.compile(built.graph, { outputs: [output], store, tune: false })
  // The network's preprocessing is x/127.5 − 1, of x/255 in single precision.
  program.input('images').set(Float32Array.from(image.rgb, x => (Math.fround(x / 255) - 0.5) * 2))
  program.run()
  assert.deepEqual([...logits], [...program.read(output)])
})

test('an image of another size cannot be taken as it is, and both sizes are named', async () => {
  using classifier = openClassifier(checkpoint, { look: 'exact' })
  const outcomes = await collect(classifier.predict([noise(1, size + 1, size), ramp(size, size)]))
  assert.match((outcomes[0] as { reason: string }).reason, /^it has 76×75 pixels, and the network takes 75×75/)
  assert.ok('prediction' in outcomes[1]!)
  const loaded = await collect(classifier.predictAll(files))
  assert.equal(loaded.length, 18)
  for (const outcome of loaded) assert.match((outcome as { reason: string }).reason, /the network takes 75×75/)
})

for (const look of ['slim', 'timm', '12'] as const)
  test(`${look}: predictions are those of an evaluation, one by one and in threads`, async () => {
    using opened = readCheckpoint(checkpoint)
    const backend = openBackend('auto', () => {})
    await using evaluator = evaluatorOf(opened, {
      ...{ backend, precision: 'f32', images: set, badImages: 'error' },
      crops: { kind: 'views', name: look },
    })
    const { predictions } = await evaluator.run()
    using classifier = openClassifier(checkpoint, { look })
    const single = await collect(classifier.predict(inSetOrder.slice(0, 4)))
    const many = await collect(classifier.predictAll(inSetOrder))
    assert.equal(many.length, 18)
    for (const [i, outcome] of [...single, ...many].entries()) {
      assert.ok('prediction' in outcome)
      const wanted = rowOf(predictions, i < 4 ? i : i - 4)
      near(outcome.prediction.probabilities, wanted)
      const best = (row: Float32Array) => row.indexOf(Math.max(...row))
      assert.equal(best(outcome.prediction.probabilities), best(wanted))
    }
    assert.ok(new Set(predictions.probabilities).size > 18, 'the answers differ')
  })

test('features are what the last layer makes logits of', async () => {
  using classifier = openClassifier(checkpoint)
  const { features, logits, probabilities } = await predictOne(classifier, files[2]!)
  const [weights, bias] = ['weights', 'bias'].map(name => classifier.store.data(`logits.${name}`))
  const made = Array.from(bias!, (b, k) =>
    features.reduce((sum, f, i) => sum + f * weights![k * features.length + i]!, b),
  )
  near(logits, made, 1e-4)
  near([probabilities.reduce((a, b) => a + b)], [1], 1e-6)
})

test('bad images are told in their places, one by one and in threads, and the others are as without them', async () => {
  const cut = path.join(root, 'cut.png')
  await pipeline(noise(1, 90, 90))
    .png()
    .toFile(cut)
  truncateSync(cut, 2000)
  const text = path.join(root, 'text.jpg')
  writeFileSync(text, 'no image')
  const inputs = [cut, ...files.slice(0, 3), text, path.join(root, 'nowhere.png'), ...files.slice(3), cut]
  using classifier = openClassifier(checkpoint, { look: '10' })
  const clean = await collect(classifier.predictAll(files))
  for (const outcomes of [
    await collect(classifier.predict(inputs)),
    await collect(classifier.predict(inputs, { many: true })),
    await collect(classifier.predictAll(inputs)),
  ]) {
    const reasons = outcomes.flatMap(outcome => ('reason' in outcome ? [[outcome.index, outcome.reason]] : []))
    assert.deepEqual(reasons, [
      [0, 'the image data is cut short or damaged'],
      [4, 'the content is no JPEG, PNG or WebP image'],
      [5, 'the file does not exist'],
      [inputs.length - 1, 'the image data is cut short or damaged'],
    ])
    const good = outcomes.flatMap(outcome => ('prediction' in outcome ? [outcome.prediction] : []))
    assert.equal(good.length, files.length)
    for (const [i, outcome] of clean.entries()) {
      assert.ok('prediction' in outcome)
      near(good[i]!.probabilities, outcome.prediction.probabilities)
    }
  }
})

test('overlapping calls do not disturb each other', async () => {
  using classifier = openClassifier(checkpoint, { look: '12' })
  const alone = await Promise.all(files.slice(0, 3).map(file => file)).then(async list => {
    const rows: Float32Array[] = []
    for (const file of list) rows.push((await predictOne(classifier, file)).logits)
    return rows
  })
  const together = await Promise.all(files.slice(0, 3).map(file => predictOne(classifier, file)))
  assert.deepEqual(
    together.map(({ logits }) => logits),
    alone,
  )
})

test('an aborted signal ends the work between batches with its reason', async () => {
  using classifier = openClassifier(checkpoint)
  for (const predict of [
    (signal: AbortSignal) => classifier.predict(files, { signal }),
    (signal: AbortSignal) => classifier.predict(files, { signal, many: true }),
    (signal: AbortSignal) => classifier.predictAll(files, { signal }),
  ]) {
    const stop = new AbortController()
    let given = 0
    const work = async () => {
      for await (const _ of predict(stop.signal)) if (++given === 1) stop.abort(new Error('enough'))
    }
    await assert.rejects(work(), { message: 'enough' })
    assert.ok(given >= 1 && given < files.length, `${given} given`)
    await assert.rejects(collect(predict(AbortSignal.abort())), { name: 'AbortError' })
  }
  assert.ok((await predictOne(classifier, files[0]!)).logits.length === 3, 'the next call is not affected')
})

const shared = sharedOnednn()

test(
  'what is disposed gives its memory back, after the call that is under way',
  'reason' in shared ? { skip: shared.reason } : {},
  async () => {
    assert.ok(!('reason' in shared))
    const before = shared.team.store.used
    const classifier = openClassifier(checkpoint)
    const outcomes = classifier.predict(files.slice(0, 3))
    await outcomes.next()
    classifier[Symbol.dispose]()
    assert.ok(shared.team.store.used > before)
    assert.equal((await collect(outcomes)).length, 2)
    assert.equal(shared.team.store.used, before)
    await assert.rejects(predictOne(classifier, files[0]!), { name: 'UserError', message: /has been disposed/ })
  },
)
