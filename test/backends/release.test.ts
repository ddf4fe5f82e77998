import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { Belongings } from '../../src/backends/onednn/belongings.js'
import { sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { openBackend } from '../../src/backends/open.js'
import { modelOptions, networkOf } from '../../src/networks/model-spec.js'
import { paperRecipe, type Recipe } from '../../src/training/recipe.js'
import { buildTrainingStep } from '../../src/training/step.js'
import { tinyModel } from '../training/tiny-run.js'

process.env.OMP_NUM_THREADS = '1'

const shared = sharedOnednn()
const native = 'reason' in shared ? { skip: shared.reason } : {}
const model = { ...tinyModel, classes: 3 }
const recipe: Recipe = { ...paperRecipe, batch: 2, precision: 'f32' }
const newStep = () => buildTrainingStep(networkOf(model), recipe, modelOptions(model))

test('belongings go in the reverse order of their coming, once', () => {
  const gone: number[] = []
  const belongings = new Belongings()
  for (const i of [1, 2, 3]) belongings.add(() => gone.push(i))
  belongings[Symbol.dispose]()
  belongings[Symbol.dispose]()
  assert.deepEqual(gone, [3, 2, 1])
})

test('programs that are disposed leave nothing behind', native, () => {
  const child = fileURLToPath(new URL('./compile-often.js', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', child], { encoding: 'utf8' })
  assert.ok(stdout, stderr)
  const { before, then, now } = JSON.parse(stdout)
  assert.equal(now.team, before.team, 'the variables’ memory is free again')
  // Kept, 160 programs hold 80 MiB.
  const grown = (now.resident - then.resident) / 2 ** 20
  assert.ok(grown < 32, `grew by ${grown} MiB`)
})

for (const name of ['onednn', 'reference'] as const) {
  const options = name === 'onednn' ? native : {}

  test(
    `${name}: a training step gives back what it took, and may be compiled again over the same variables`,
    options,
    () => {
      const backend = openBackend(name, assert.fail)
      const used = () => ('reason' in shared ? 0 : shared.team.store.used)
      const before = used()
      {
        using store = backend.createStore()
        const compile = () => {
          const step = newStep()
          return backend.compile(step.graph, { outputs: [step.loss], store, seed: 1, tune: false })
        }
        compile()[Symbol.dispose]()
        const variables = used()
        const [first] = store.variables.keys()
        store.data(first!).fill(0.5)
        using program = compile()
        assert.equal(store.data(first!)[0], 0.5)
        program[Symbol.dispose]()
        program[Symbol.dispose]()
        assert.equal(used(), variables)
      }
      assert.equal(used(), before)
    },
  )

  test(`${name}: what has been disposed says so`, options, () => {
    const backend = openBackend(name, assert.fail)
    const store = backend.createStore()
    const step = newStep()
    const compile = () => backend.compile(step.graph, { outputs: [step.loss], store, tune: false })
    const program = compile()
    program[Symbol.dispose]()
    for (const use of [
      () => program.run(),
      () => program.input('images'),
      () => program.read(step.loss),
      () => program.kernels(),
      () => program.profile(),
    ])
      assert.throws(use, /the program has been disposed: compile the graph again/)
    store[Symbol.dispose]()
    assert.throws(compile, /the store has been disposed: make a new one/)
    assert.throws(() => store.data('stem.conv_1a.weights'), /the store holds no/)
  })
}

test('a program does not run over a store that is gone', native, () => {
  const backend = openBackend('onednn', assert.fail)
  const store = backend.createStore()
  const step = newStep()
  using program = backend.compile(step.graph, { outputs: [step.loss], store, tune: false })
  store[Symbol.dispose]()
  assert.throws(() => program.run(), /store has been disposed: dispose programs before it/)
})
