import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { trainCommand as cliTrainCommand } from '../../src/cli/commands/train.js'
import { passNames } from '../../src/graph/passes/pass-names.js'
import { comparisonRuns, instabilityRuns, type MatrixOptions } from '../../src/study/matrix.js'
import { presets } from '../../src/study/presets/presets.js'
import { describeRecipe, recipeEntries } from '../../src/study/recipe-notes.js'
import { evaluateCommand, trainCommand } from '../../src/study/run/commands.js'
import type { RunSettings } from '../../src/study/run/run-settings.js'
import { paperRecipe } from '../../src/training/recipe.js'

const matrixOf = (name: string): MatrixOptions => ({
  preset: presets[name]!,
  out: 'runs/study',
  data: '/data/of mine',
  classes: 10,
  backend: 'auto',
  precision: 'bf16',
  passes: passNames,
})

test('the runs of a comparison are networks × seeds, one seed of all networks after the other', () => {
  const runs = comparisonRuns(matrixOf('small'))
  const bySeed = [1, 2, 3].map(seed => runs.filter(run => run.seed === seed).map(run => run.settings.model.network))
  const four = ['inception-v3', 'inception-resnet-v1', 'inception-v4', 'inception-resnet-v2']
  assert.deepEqual(bySeed, [[...four, 'bn-inception', 'resnet-152'], four, four])
  assert.deepEqual(
    runs.map(run => run.seed),
    [...runs.map(run => run.seed)].sort(),
  )
  const last = runs.at(-1)!
  assert.equal(last.title, 'Inception-ResNet-v2, seed 3')
  assert.equal(last.folder, path.join('runs/study', 'inception-resnet-v2', 'seed-3'))
  assert.equal(last.settings.recipe.seed, 3)
  assert.equal(runs.find(run => run.settings.model.network === 'resnet-152')!.title, 'ResNet-152')
  for (const { settings } of runs) {
    assert.deepEqual([settings.model.classes, settings.recipe.precision, settings.watchSteps], [10, 'bf16', 50])
    assert.equal(settings.steps, undefined)
  }
})

test('classes are counted and boxes looked at as the study says, in the commands too', () => {
  const boxes = { file: '/data/boxes of mine.csv', sha256: 'a' }
  const [run] = comparisonRuns({ ...matrixOf('quick'), labels: 'from-one', boxes })
  assert.deepEqual([run!.settings.labels, run!.settings.boxes], ['from-one', boxes])
  assert.match(trainCommand(run!.settings, 'x'), / --labels from-one --boxes '\/data\/boxes of mine\.csv' /)
  assert.match(evaluateCommand(run!, '1'), / --labels from-one /)
})

test('the runs of the wide network are settings × seeds, each with its own recipe', () => {
  const runs = instabilityRuns(matrixOf('small'))
  const plan = presets.small!.instability!
  assert.equal(runs.length, plan.settings.length * 2)
  const first = plan.settings.map(setting => runs.find(run => run.plan === setting)!)
  for (const [i, { plan: setting, settings, folder }] of first.entries()) {
    assert.equal(setting, plan.settings[i])
    assert.equal(settings.model.residualScale, setting.residualScale)
    assert.equal(settings.model.extraNorm, setting.extraNorm)
    assert.deepEqual([settings.steps, settings.watchSteps], [plan.steps, plan.watchSteps])
    assert.ok(settings.evaluateEpochs > 1e5)
    assert.equal(folder, path.join('runs/study', 'instability', setting.id, 'seed-1'))
    for (const [key, value] of Object.entries(setting.recipe ?? {}))
      assert.equal(settings.recipe[key as keyof typeof settings.recipe], value)
  }
  assert.deepEqual(instabilityRuns(matrixOf('quick')), [])
})

test('no two runs of a preset share a folder or a title', () => {
  for (const name of Object.keys(presets)) {
    const runs = [...comparisonRuns(matrixOf(name)), ...instabilityRuns(matrixOf(name))]
    assert.ok(runs.length >= 4)
    assert.equal(new Set(runs.map(({ folder }) => folder)).size, runs.length, name)
    assert.equal(new Set(runs.map(({ title }) => title)).size, runs.length, name)
  }
})

/** The words of a command as a shell would split them. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)

/** What the real command line makes of a command's options. */
function parsed(command: string) {
  const [npx, inception, train, ...options] = wordsOf(command)
  assert.deepEqual([npx, inception, train], ['npx', 'inception', 'train'])
  let flags: Record<string, unknown> = {}
  cliTrainCommand()
    .exitOverride()
    .action(found => {
      flags = found
    })
    .parse(options, { from: 'user' })
  return flags
}

/** Checks that the command line understands the settings from the command as they are. */
function assertSame(settings: RunSettings): void {
  const flags = parsed(trainCommand(settings, 'runs/a folder'))
  const { model, recipe, passes, steps, ...others } = settings
  const { classes, ...shape } = model
  for (const [key, value] of Object.entries({ ...shape, ...recipe, ...others }))
    assert.deepEqual(flags[key], value, key)
  assert.equal(flags.out, 'runs/a folder')
  assert.equal(flags.steps, steps)
  assert.equal(flags.residualScale, model.residualScale)
  assert.equal(flags.extraNorm, model.extraNorm)
  assert.deepEqual([...(flags.passes as Set<string>)].sort(), [...passes].sort())
}

test('the command of each run of each preset is understood as its settings', () => {
  for (const name of Object.keys(presets))
    for (const { settings } of [...comparisonRuns(matrixOf(name)), ...instabilityRuns(matrixOf(name))])
      assertSame(settings)
})

test('so is the command of settings that are all unusual', () => {
  const { settings } = instabilityRuns(matrixOf('small'))[0]!
  assertSame({
    ...settings,
    model: { ...settings.model, normScale: false, extraNorm: 'sums', residualScale: 0 },
    recipe: {
      ...paperRecipe,
      optimizer: 'momentum',
      keep: 0.5,
      colour: 'none',
      epsilon: 1e-10,
      precision: 'f32',
      seed: 9,
      scaledDecoding: true,
      syncBatchNorm: true,
    },
    badImages: 'error',
    backend: 'reference',
    watchSteps: 0,
    recompute: 'between',
    passes: ['absorb-relu', 'in-place'],
  })
  assertSame({ ...settings, passes: [] })
})

test('the command of an evaluation names run, images and crops', () => {
  const [run] = comparisonRuns(matrixOf('quick'))
  assert.equal(
    evaluateCommand(run!, '144'),
    "npx inception evaluate --checkpoint runs/study/inception-v3/seed-1 --data '/data/of mine' --crops 144",
  )
})

test('a recipe tells all its numbers, with a note wherever they are not the paper’s', () => {
  const { seed, ...paper } = paperRecipe
  const same = recipeEntries(paper, {})
  assert.equal(same.length, Object.keys(paper).length)
  assert.ok(same.every(({ note }) => note === undefined))
  const changed = recipeEntries({ ...paper, epochs: 3, clipNorm: 5 }, { epochs: 'less time' }).filter(
    ({ note }) => note,
  )
  assert.deepEqual(changed, [
    { key: 'epochs', value: '3', note: 'paper: 100; less time' },
    { key: 'gradient clipped to norm', value: '5', note: 'paper: 2; changed for this study' },
  ])
})

test('the description of a study says how its networks are reduced, and that the paper’s are not', () => {
  const [side, width, blocks, seeds] = describeRecipe(presets.quick!)
  assert.deepEqual([side!.value, width!.value, seeds!.value], ['107', '0.25', '1'])
  assert.equal(blocks!.value, 'a 2, b 2, c 1')
  for (const { note } of [side!, width!, blocks!]) assert.match(note!, /^paper: /)
  const paper = describeRecipe(presets.paper!)
  assert.ok(paper.every(({ note }) => note === undefined))
})
