import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { networks } from '../../src/networks/networks.js'
import { writeUntrained } from '../evaluation/untrained.js'
import { sha256, temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertDone, assertRefused, inception } from './inception.js'

const root = temporaryFolder()
const outputOf = async (...args: string[]) => assertDone(await inception(args, { cwd: root })).stdout
const jsonOf = async (...args: string[]) => JSON.parse(await outputOf(...args, '--json'))

test('networks: one row a network, with its size, cost and published errors', async () => {
  const [table, rows] = await Promise.all([outputOf('networks'), jsonOf('networks')])
  assert.deepEqual(
    rows.map((row: { id: string }) => row.id),
    networks.map(network => network.id),
  )
  for (const { id, title, source, size, embedding, parameters, multiplyAdds, published } of rows) {
    assert.ok(title.length > 0 && source.length > 0 && size >= 160 && parameters > 1e7 && multiplyAdds > 1e9, id)
    assert.ok(embedding > 0 || (published.top1 > published.top5 && published.top5 > 0), id)
    const line: string | undefined = table.split('\n').find(text => text.startsWith(`${id} `))
    assert.match(line ?? '', new RegExp(`^${id} +${size} +${parameters.toLocaleString('en-US')} `))
  }
  assert.match(table, /^inception-v4 +299 +42,679,816 +\d/m)
})

test('inspect: the stages add up to the network', async () => {
  const args = ['inspect', 'inception-resnet-v1', ...tinyModelFlags.slice(2), '--classes', '10']
  const [table, spec] = await Promise.all([outputOf(...args), jsonOf(...args)])
  const { network, classes, size, width, blocks, parameters, multiplyAdds, stages } = spec
  assert.deepEqual(
    { network, classes, size, width, blocks },
    {
      network: 'inception-resnet-v1',
      classes: 10,
      size: 75,
      width: 0.0625,
      blocks: { a: 1, b: 1, c: 1 },
    },
  )
  const sum = (key: string) => stages.reduce((total: number, stage: Record<string, number>) => total + stage[key]!, 0)
  assert.deepEqual([sum('parameters'), sum('multiplyAdds')], [parameters, multiplyAdds])
  assert.deepEqual(stages.at(-1).shape, [10])
  for (const { stage } of stages) assert.match(table, new RegExp(`^${stage} `, 'm'))
  assert.match(table, new RegExp(`^total +${parameters.toLocaleString('en-US')} `, 'm'))
})

test('inspect --graph: a line a node, in order, of the network asked for', async () => {
  const lines = (await outputOf('inspect', 'inception-v4', '--graph', '--size', '75')).trimEnd().split('\n')
  assert.ok(lines.length > 150)
  assert.match(lines[0]!, /images|input/)
  assert.match(lines.at(-1)!, /dense/)
  assert.ok(lines.some(line => line.includes('stem.conv_1a')))
})

test('inspect --train: where the memory of a training step goes, and with --recompute less of it', async () => {
  const args = ['inspect', 'inception-resnet-v1', ...tinyModelFlags.slice(2), '--train', '--batch', '2']
  const { plan, parameters } = await jsonOf(...args)
  assert.ok(plan.backend.length > 0 && ['f32', 'bf16'].includes(plan.precision))
  assert.ok(plan.arena > 0)
  // A parameter, its average, its mean square and its momentum, in f32.
  assert.ok(plan.variables >= 16 * parameters)
  assert.equal(plan.peak, plan.arena + plan.constants + plan.variables + plan.process)
  const table = await outputOf(...args)
  assert.match(table, /^Training at batch 2 in (f32|bf16) on /m)
  assert.match(table, /^peak +\d/m)
  const { plan: thrifty } = await jsonOf(...args, '--recompute')
  assert.ok(thrifty.arena < plan.arena, `${thrifty.arena} and ${plan.arena}`)
})

test('inspect --program and --trace: every kernel with its layout, bytes and time', async () => {
  const args = ['inspect', 'inception-v4', ...tinyModelFlags.slice(2), '--batch', '2']
  const { kernels } = await jsonOf(...args, '--program')
  assert.ok(kernels.length > 50)
  for (const { op, kernel, bytes, milliseconds } of kernels)
    assert.ok(op.length > 0 && kernel.length > 0 && bytes > 0 && milliseconds >= 0, op)
  assert.ok(kernels.some((each: { scope: string }) => each.scope.startsWith('inception_a')))
  assert.match(await outputOf(...args, '--program'), /^scope +op +kernel +layout +bytes +ms$/m)
  await outputOf(...args, '--train', '--trace', 'step.json')
  const { traceEvents } = JSON.parse(readFileSync(path.join(root, 'step.json'), 'utf8'))
  const spans = traceEvents.filter(({ ph }: { ph: string }) => ph === 'X')
  assert.ok(spans.some(({ name }: { name: string }) => name === 'rmsprop'))
  for (const [i, { ts, dur }] of spans.entries())
    assert.ok(ts >= 0 && dur >= 0 && (i === 0 || ts >= spans[i - 1].ts), 'in order')
})

test('inspect --passes none: the program without any optimisation', async () => {
  const args = ['inspect', 'inception-resnet-v1', ...tinyModelFlags.slice(2), '--program']
  const ops = async (...more: string[]) =>
    new Set((await jsonOf(...args, ...more)).kernels.map(({ op }: { op: string }) => op))
  const [all, none] = [await ops(), await ops('--passes', 'none')]
  assert.ok(all.has('fusedConvolution') && !all.has('batchNormInference'))
  assert.ok(none.has('batchNormInference') && none.has('relu') && !none.has('fusedConvolution'))
})

test('data synth: writes once, and leaves what is there alone', async () => {
  const args = ['data', 'synth', '--out', 'drawn', ...'--train 12 --val 6 --classes 3 --size 32 --seed 4'.split(' ')]
  assert.equal(await outputOf(...args), 'drawn: 12 training and 6 validation pictures of 3 classes\n')
  const files = readdirSync(path.join(root, 'drawn'), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => path.join(entry.parentPath, entry.name))
  assert.equal(files.length, 12 + 6 + 1)
  const state = () => files.map(file => [sha256(file), statSync(file).mtimeMs])
  const before = state()
  assert.equal(await outputOf(...args), 'drawn: 12 training and 6 validation pictures of 3 classes (already there)\n')
  assert.deepEqual(state(), before)
  const description = await jsonOf(...args)
  assert.deepEqual(description.settings, { seed: 4, train: 12, val: 6, classes: 3, size: 32, difficulty: 0.5 })

  const other = await inception([...args, '--difficulty', '0.7'], { cwd: root })
  assertRefused(other, 1, /drawn already holds other synthetic data \(difficulty 0.5 instead of 0.7\)/)
  const occupied = await inception(['data', 'synth', '--out', '.', '--train', '30', '--val', '30'], { cwd: root })
  assertRefused(occupied, 1, /holds files that are no synthetic data set/)
  assert.deepEqual(state(), before)
})

test('data synth: interrupted, it leaves nothing behind', { timeout: 120_000 }, async () => {
  // Too many to be done before the signal.
  const args = ['data', 'synth', '--out', 'never', '--train', '4000', '--val', '1000']
  const controller = new AbortController()
  const ended = inception(args, { cwd: root, signal: controller.signal })
  while (!readdirSync(root).some(name => name.startsWith('.never.partial-'))) await new Promise(setImmediate)
  controller.abort()
  const { code, stdout, stderr } = await ended
  assert.deepEqual([code, stdout], [130, ''])
  assert.match(stderr, /^inception: interrupted; the same command starts again$/m)
  assert.ok(!readdirSync(root).some(name => name.includes('never')))
})

for (const work of ['train', 'infer'])
  test(`bench ${work}: times, speed and memory, with the machine`, async () => {
    const args = ['bench', work, ...tinyModelFlags, ...'--classes 10 --batch 2 --warmup 1 --runs 3'.split(' ')]
    const result = await jsonOf(...args, '--kernels', '4')
    const { network, size, width, batch, runs, milliseconds, imagesPerSecond, compileSeconds, machine } = result
    assert.deepEqual(
      { work: result.work, network, size, width, batch, runs },
      {
        work,
        network: 'inception-resnet-v1',
        size: 75,
        width: 0.0625,
        batch: 2,
        runs: 3,
      },
    )
    assert.ok(['f32', 'bf16'].includes(result.precision))
    const { min, median, max } = milliseconds
    assert.ok(0 < min && min <= median && median <= max)
    assert.ok(Math.abs(imagesPerSecond * median - 2000) < 1e-6)
    assert.ok(compileSeconds > 0 && result.peakMemoryBytes > 2 ** 20)
    assert.equal(result.threads, 1)
    assert.ok(machine.cores > 0 && machine.memoryBytes > 0 && machine.processor.length > 0)
    assert.equal(machine.engine, `${result.backend}, ${result.precision}`)
    assert.equal(result.kernels.length, 4)
    for (const { kernel, calls, milliseconds: spent } of result.kernels)
      assert.ok(kernel.length > 0 && calls > 0 && spent >= 0)

    const table = await outputOf(...args)
    assert.match(table, new RegExp(`^${work} +size +batch +type`, 'm'))
    assert.match(table, /^inception-resnet-v1 +75 +2 +(bf16|f32) /m)
  })

test('bench limit: what the arithmetic takes alone, by op and together', async () => {
  const args = ['bench', 'limit', ...tinyModelFlags, ...'--classes 10 --batch 2'.split(' ')]
  const { parts, milliseconds, machine } = await jsonOf(...args)
  const times = parts.map((part: { milliseconds: number }) => part.milliseconds)
  assert.ok(times.every((time: number) => time > 0 && Number.isFinite(time)))
  assert.ok(Math.abs(times.reduce((sum: number, time: number) => sum + time, 0) - milliseconds.train) < 1e-9)
  assert.ok(milliseconds.infer < milliseconds.train && machine.cores > 0)
  assert.ok(parts.some(({ op }: { op: string }) => op === 'convolutionBackwardWeights'))
  assert.match(await outputOf(...args), /^convolution +\d+ +[\d.]+ [MG] +[\d.]+ +\d+$/m)
  const timed = ['bench', 'infer', ...tinyModelFlags, ...'--batch 2 --runs 1 --limit'.split(' ')]
  assert.match(await outputOf(...timed), /^[\d.]+× the limit: /m)
})

test('bench latency: one image by its parts, and the start of a process', async () => {
  const args = ['bench', 'latency', ...tinyModelFlags, ...'--warmup 1 --runs 4 --cold-runs 1'.split(' ')]
  const { warm, cold, ...about } = JSON.parse(assertDone(await inception([...args, '--json'])).stdout)
  assert.deepEqual([about.work, about.network, about.size, about.runs], ['latency', 'inception-resnet-v1', 75, 4])
  for (const { p50, p95 } of [warm.decode, warm.preprocess, warm.network, warm.total, cold.kept, cold.none])
    assert.ok(p50 > 0 && p95 >= p50)
  assert.equal(warm.overhead, warm.total.p50 / warm.network.p50)
  assert.ok(cold.kept.p50 > warm.total.p50, 'a process takes longer to start than a small network to run')
})

test('bench latency: a file that is no image, and another network than the checkpoint has, are refused', async () => {
  const checkpoint = writeUntrained(path.join(root, 'latency.safetensors'))
  const args = ['bench', 'latency', '--checkpoint', checkpoint]
  const [image, size] = await Promise.all([
    inception([...args, '--image', checkpoint]),
    inception([...args, '--size', '99']),
  ])
  assertRefused(image, 1, /the image cannot be used: the content is no JPEG/)
  assertRefused(size, 2, /--size asks for 99, and checkpoint .* has 75: leave --size out/)
})

test('bench data: a figure for every protocol, number of workers, and what is known of the images', async () => {
  await outputOf('data', 'synth', '--out', 'few', ...'--train 8 --val 4 --classes 2 --size 32'.split(' '))
  const args = ['bench', 'data', '--data', 'few', ...'--size 24 --batch 4 --batches 2 --workers 2'.split(' ')]
  const { work, images, figures, machine } = await jsonOf(...args)
  assert.deepEqual([work, images], ['data', 8])
  assert.ok(machine.cores > 0)
  const places = figures.map((f: Record<string, unknown>) => `${f.protocol} ${f.workers} ${f.images}`)
  const expected = ['fast', 'full', 'none', 'eval'].flatMap(protocol =>
    [1, 2].flatMap(workers =>
      ['first epoch', 'later epochs', 'decoded before'].map(images => `${protocol} ${workers} ${images}`),
    ),
  )
  assert.deepEqual(places, expected)
  for (const { imagesPerSecond, decoder } of figures)
    for (const speed of [imagesPerSecond, decoder.imagesPerSecond]) assert.ok(speed > 0 && Number.isFinite(speed))
  const table = await outputOf(...args, '--protocol', 'eval')
  assert.match(table, /^eval +2 +decoded before +\d/m)
  assert.doesNotMatch(table, /^fast/m)
})

test('bench data: pictures drawn for it are gone afterwards', async () => {
  const temporary = path.join(root, 'tmp')
  mkdirSync(temporary)
  const args = 'bench data --size 16 --batch 2 --batches 1 --workers 1 --protocol none'.split(' ')
  const ended = await inception(args, { cwd: root, env: { TMPDIR: temporary } })
  assert.match(assertDone(ended).stdout, /28 images to 16×16/)
  assert.deepEqual(readdirSync(temporary), [])
})
