import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { parseSettings } from '../../src/study/run/run-settings.js'
import { readSettings } from '../../src/training/run-folder.js'
import { readEventLog } from '../../src/training/sinks/jsonl.js'
import { writePoison } from '../data/poison.js'
import { drawTinyData, sha256, silence, temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertDone, assertRefused, inception } from './inception.js'

const root = temporaryFolder()
await drawTinyData(path.join(root, 'data'))

// Long enough for a signal to arrive before the end: twelve epochs of six steps.
const flags = [...tinyModelFlags, ...'--batch 4 --learning-rate 0.01 --norm-decay 0.9 --seed 5'.split(' ')]
const trainNew = (out: string, ...more: string[]) => [
  'train',
  ...flags,
  ...['--epochs', '12', '--data', 'data', '--out', out, ...more],
]
const checkpointsOf = (run: string) => readdirSync(path.join(root, run, 'checkpoints')).sort()
const lastOf = (run: string) => path.join(root, run, 'checkpoints', checkpointsOf(run).at(-1)!)
const logOf = (run: string) => readEventLog(path.join(root, run, 'events.jsonl'))
const copy = (from: string, to: string) => {
  cpSync(path.join(root, from), path.join(root, to), { recursive: true })
  return to
}

const straight = assertDone(await inception(trainNew('straight'), { cwd: root }))

test('training away from a terminal is told in plain lines', () => {
  const { stdout, stderr } = straight
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^training inception-resnet-v1 \([\d,]+ parameters, 3 classes\): 24 images, 12 epochs, 72 steps/m,
  )
  assert.match(stderr, /^step \d+\/72 {2}epoch .* images\/s {2}loss .* learning rate .* left/m)
  assert.match(stderr, /^validation at epoch 12\.00: top-1 error .* \(12 images in /m)
  assert.match(
    stderr,
    /^done: 72 steps in .*, [\d.]+ % of it waiting for images; .*straight\/checkpoints\/step-00000072\.safetensors$/m,
  )
  // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for them is the point
  assert.doesNotMatch(stderr, /[\r\x1b]/)
  assert.equal(checkpointsOf('straight').length, 3)
})

test('augmentations are recorded with the run that they were asked for', async () => {
  const recipeOf = (run: string) => parseSettings(readSettings(path.join(root, run)), run).recipe
  assert.equal(recipeOf('straight').augmentation, undefined)
  assert.equal(recipeOf('straight').colour, 'fast')

  const asked = '--steps 1 --augment timm --rand-augment rand-m9-mstd0.5 --erase 0.25 --mixup 0.2 --cutmix 1'.split(' ')
  assertDone(await inception(trainNew('augmented', ...asked), { cwd: root }))
  assert.equal(recipeOf('augmented').colour, 'none')
  assert.deepEqual(recipeOf('augmented').augmentation, {
    style: 'timm',
    resize: 'random',
    jitter: 0,
    randAugment: 'rand-m9-mstd0.5',
    erase: 0.25,
    eraseMode: 'pixel',
    mixup: 0.2,
    cutmix: 1,
  })

  const file = path.join(root, 'augmented', 'run.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"erase": 0.25', '"erase": 25'))
  const again = await inception(['train', '--resume', 'augmented'], { cwd: root })
  assertRefused(again, 1, /augmented\/run\.json: the share of images to erase in must lie in \[0, 1\], not 25/)
})

test('a run ended by SIGTERM says how to go on, and then ends with the same bits', async () => {
  const stopped = await inception(trainNew('terminated'), { cwd: root, after: /^checkpoint /m })
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.match(stopped.stderr, /^SIGTERM: saving after this step; once more to quit at once$/m)
  const [, step, command] = /^stopped at step (\d+); to go on: (?:npx )?inception (.*)$/m.exec(stopped.stderr) ?? []
  assert.ok(Number(step) > 6 && Number(step) < 72, stopped.stderr)
  assert.equal(command, 'train --resume terminated')
  assert.equal(logOf('terminated').at(-1)?.type, 'interrupted')
  const resumed = assertDone(await inception(command!.split(' '), { cwd: root }))
  assert.match(resumed.stderr, new RegExp(`^going on after step ${step}: `, 'm'))
  assert.equal(sha256(lastOf('terminated')), sha256(lastOf('straight')))
})

test('a run that was killed goes on from its last checkpoint and ends with the same bits', async () => {
  const killed = await inception(trainNew('killed'), { cwd: root, after: /^checkpoint /m, send: 'SIGKILL' })
  assert.equal(killed.signal, 'SIGKILL')
  assert.ok(!logOf('killed').some(event => event.type === 'done'))
  const resumed = assertDone(await inception(['train', '--resume', 'killed'], { cwd: root }))
  assert.match(resumed.stderr, /^going on after step \d+: /m)
  assert.equal(sha256(lastOf('killed')), sha256(lastOf('straight')))
  const evaluations = (run: string) => logOf(run).flatMap(e => (e.type === 'evaluation' ? [[e.step, e.loss]] : []))
  assert.deepEqual(evaluations('killed'), evaluations('straight'))
})

test('a damaged newest checkpoint is told of, and the one before it used', async () => {
  const run = copy('straight', 'damaged')
  const newest = lastOf(run)
  const bytes = readFileSync(newest)
  bytes[bytes.length >> 1]! ^= 1
  writeFileSync(newest, bytes)
  const resumed = assertDone(await inception(['train', '--resume', run], { cwd: root }))
  assert.match(
    resumed.stderr,
    /^warning: .*step-00000072\.safetensors is damaged: .*going back to the checkpoint before/m,
  )
  assert.match(resumed.stderr, /^going on after step 66: /m)
  assert.equal(sha256(lastOf(run)), sha256(lastOf('straight')))
})

test('without a whole checkpoint a run does not go on, and keeps its log', async () => {
  const run = copy('straight', 'ruined')
  for (const name of checkpointsOf(run)) truncateSync(path.join(root, run, 'checkpoints', name), 5000)
  const before = readFileSync(path.join(root, run, 'events.jsonl'))
  assertRefused(
    await inception(['train', '--resume', run], { cwd: root }),
    1,
    /none of the 3 checkpoints in ruined\/checkpoints is whole/,
  )
  for (const name of checkpointsOf(run)) rmSync(path.join(root, run, 'checkpoints', name))
  assertRefused(await inception(['train', '--resume', run], { cwd: root }), 1, /there is no checkpoint in ruined/)
  assert.deepEqual(readFileSync(path.join(root, run, 'events.jsonl')), before)
})

test('run folders that are none, that are used, or of something else are refused', async () => {
  assertRefused(
    await inception(trainNew('straight'), { cwd: root }),
    2,
    /straight holds another run .*--resume straight/,
  )
  assertRefused(
    await inception(['train', '--resume', 'nowhere'], { cwd: root }),
    1,
    /nowhere is not the folder of a run/,
  )
  assertRefused(
    await inception(['train', '--resume', 'straight', '--epochs', '20'], { cwd: root }),
    2,
    /goes on with its own settings, in straight\/run.json: leave --epochs out/,
  )

  const other = copy('straight', 'other network')
  const run = JSON.parse(readFileSync(path.join(root, other, 'run.json'), 'utf8'))
  run.settings.model.network = 'inception-resnet-v2'
  writeFileSync(path.join(root, other, 'run.json'), JSON.stringify(run))
  assertRefused(
    await inception(['train', '--resume', other], { cwd: root }),
    2,
    /checkpoint .* holds inception-resnet-v1 with 3 classes, not inception-resnet-v2 with 3/,
  )
  run.settings.recipe.batch = '4'
  writeFileSync(path.join(root, other, 'run.json'), JSON.stringify(run))
  assertRefused(await inception(['train', '--resume', other], { cwd: root }), 1, /run.json: recipe.batch is missing or/)
  writeFileSync(path.join(root, other, 'run.json'), '{"schema":')
  assertRefused(await inception(['train', '--resume', other], { cwd: root }), 1, /run.json/)

  const fewer = copy('straight', 'other classes')
  const narrow = copy('data', 'narrow data')
  for (const split of ['train', 'val']) {
    const folder = path.join(root, narrow, split)
    rmSync(path.join(folder, readdirSync(folder).sort()[0]!), { recursive: true })
  }
  const moved = JSON.parse(readFileSync(path.join(root, fewer, 'run.json'), 'utf8'))
  moved.settings.data = path.join(root, narrow)
  writeFileSync(path.join(root, fewer, 'run.json'), JSON.stringify(moved))
  assertRefused(
    await inception(['train', '--resume', fewer], { cwd: root }),
    1,
    /narrow data has 2 classes and the run in other classes was made for 3/,
  )
})

test('a loss that is not finite ends the command with step and layer', async () => {
  const ended = await inception(trainNew('steep', '--learning-rate', '1e33', '--precision', 'f32'), { cwd: root })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr.trimEnd().split('\n').at(-1)!, /^inception: step 2: the loss is .* not finite\): lower/)
  assert.doesNotMatch(ended.stderr, /^ {4}at /m)
})

test('a run ends after --steps, and a network that dies ends it with code 1 and the name of its layer', async () => {
  const short = await inception(trainNew('dying', '--steps', '6', '--watch-steps', '2'), { cwd: root })
  assert.match(assertDone(short).stderr, /^done: 6 steps in /m)
  const looks = (run: string) => logOf(run).flatMap(event => (event.type === 'watch' ? [event.step] : []))
  assert.deepEqual(looks('dying'), [2, 4, 6])

  silence(lastOf('dying'))
  const run = JSON.parse(readFileSync(path.join(root, 'dying', 'run.json'), 'utf8'))
  assert.deepEqual([run.settings.steps, run.settings.watchSteps], [6, 2])
  run.settings.steps = 40
  writeFileSync(path.join(root, 'dying', 'run.json'), JSON.stringify(run))
  const { code, stderr } = await inception(['train', '--resume', 'dying'], { cwd: root })
  assert.equal(code, 1)
  assert.match(
    stderr.trimEnd().split('\n').at(-1)!,
    /^the network died at step 10: resnet_c\.0, the last layer before pooling, gives nothing but zeros.*--residual-scale/,
  )
  assert.deepEqual(looks('dying'), [2, 4, 6, 8, 10])
  assert.equal(logOf('dying').at(-1)?.type, 'died')
  assert.equal(path.basename(lastOf('dying')), 'step-00000010.safetensors')
})

test('bad images stop training and are named, or are left out and listed', async () => {
  const data = copy('data', 'bad data')
  const [klass] = readdirSync(path.join(root, data, 'val')).sort()
  const inFirst = (split: string) => {
    const folder = path.join(data, split, klass!)
    return path.join(folder, readdirSync(path.join(root, folder)).sort()[0]!)
  }
  const [cut, text] = [inFirst('train'), inFirst('val')]
  truncateSync(path.join(root, cut), 700)
  mkdirSync(path.join(root, data, 'train', klass!, 'folder.jpg'))
  writeFileSync(path.join(root, text), 'no image at all')
  const once = ['train', ...flags, '--epochs', '1', '--data', data]
  const refused = await inception([...once, '--out', 'strict'], { cwd: root })
  assert.equal(refused.code, 1)
  const complaint = refused.stderr.trimEnd().split('\n').at(-1)!
  assert.ok(complaint.startsWith(`inception: bad image ${path.join(root, cut)}: `), complaint)
  assert.match(complaint, /--bad-images skip/)
  assertDone(await inception(['train', '--resume', 'strict', '--bad-images', 'skip'], { cwd: root }))

  const skipping = [...once, '--bad-images', 'skip', '--out', 'lenient']
  const { stderr } = assertDone(await inception(skipping, { cwd: root }))
  const listed = [
    `bad image ${path.join(root, cut)}: the image data is cut short or damaged`,
    `bad image ${path.join(root, text)}: the content is no JPEG, PNG or WebP image`,
  ]
  for (const message of listed) assert.ok(stderr.includes(`warning: ${message}\n`), stderr)
  assert.equal(sha256(lastOf('strict')), sha256(lastOf('lenient')))
  assert.match(stderr, /^validation .* \(11 images in .*, 1 could not be read\)$/m)
  const bad = logOf('lenient').flatMap(event =>
    event.type === 'bad image' ? [`bad image ${event.path}: ${event.reason}`] : [],
  )
  assert.deepEqual(bad.sort(), listed.sort())
  for (const file of [cut, text]) assert.ok(existsSync(path.join(root, file)), 'skipping moves nothing')

  // Stopped, it leaves the images where they are, for it must go on over the same ones; done, it moves them.
  const moving = [...trainNew('moving'), '--data', data, '--bad-images', 'quarantine']
  const aside = path.join(root, `${data}-quarantine`)
  const stopped = await inception(moving, { cwd: root, after: /bad image/, send: 'SIGINT' })
  assert.equal(stopped.code, 130, stopped.stderr)
  assert.equal(existsSync(aside), false)
  const resumed = assertDone(await inception(['train', '--resume', 'moving'], { cwd: root }))
  assert.match(resumed.stderr, /^warning: bad images moved to .*bad data-quarantine: 2$/m)
  for (const file of [cut, text]) {
    assert.equal(existsSync(path.join(root, file)), false)
    assert.ok(existsSync(path.join(aside, path.relative(data, file))))
  }
  assert.equal(readFileSync(path.join(aside, 'list.csv'), 'utf8').trimEnd().split('\n').length, 3)
  assert.equal(logOf('moving').at(-1)?.type, 'done')
})

test('an image that crashes the decoder is a bad image, and all else is as beside any other', async t => {
  const file = (data: string) => {
    const folder = path.join(root, data, 'train', readdirSync(path.join(root, data, 'train')).sort()[0]!)
    return path.join(folder, readdirSync(folder).sort()[0]!)
  }
  const damaged = copy('data', 'one damaged')
  truncateSync(file(damaged), 700)
  const env = { NODE_OPTIONS: `--import=${(await writePoison(t, file('data'), 'crash')).href}` }
  const train = (data: string, out: string, bad: string) =>
    inception(['train', ...flags, '--epochs', '1', '--data', data, '--bad-images', bad, '--out', out], {
      cwd: root,
      ...(data === 'data' && { env }),
    })
  const { stderr } = assertDone(await train('data', 'crashing', 'skip'))
  assert.ok(stderr.includes(`warning: bad image ${file('data')}: it crashes the decoder (SIGSEGV)\n`), stderr)
  assertDone(await train(damaged, 'beside damage', 'skip'))
  assert.equal(sha256(lastOf('crashing')), sha256(lastOf('beside damage')))
  const strict = await train('data', 'strict about crashes', 'error')
  assert.equal(strict.code, 1)
  const complaint = strict.stderr.trimEnd().split('\n').at(-1)!
  assert.ok(complaint.startsWith(`inception: bad image ${file('data')}: it crashes the decoder (SIGSEGV); `), complaint)
})
