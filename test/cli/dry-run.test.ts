import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { drawTinyData, temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertDone, assertRefused, inception } from './inception.js'

const root = temporaryFolder()
await drawTinyData(path.join(root, 'data'))

const dryRun = (...more: string[]) =>
  inception(['train', ...tinyModelFlags, '--data', 'data', '--epochs', '3', '--dry-run', ...more], { cwd: root })

test('a dry run tells what the run would take, and writes nothing', async () => {
  const { stdout } = assertDone(await dryRun('--batch', '8'))
  assert.match(stdout, /^Inception-ResNet-v1 at \d+×\d+, batch 8, .*Measured in 3 steps:$/m)
  assert.match(stdout, /^a step and its images +[\d,]+ ms$/m)
  assert.match(stdout, /^memory for images, at most +5\d\d\.\d+ MiB$/m)
  assert.match(stdout, /^memory, as planned +[\d.]+ [KMG]iB$/m)
  assert.match(stdout, /^9 steps over 24 images take about \d+ s, evaluations left out \([\d.]+ images\/s\)\.$/m)
  assert.ok(!existsSync(path.join(root, 'runs')))
})

test('many replicas are predicted by powers of two, each with its share of the batch', async () => {
  const many = ['--batch-per-replica', '2', '--replicas', '12', '--link', '10Gbps,20us']
  const { stdout } = assertDone(await dryRun(...many))
  assert.match(stdout, /batch 24, a replica's share of 2/)
  assert.match(stdout, /^Predicted, not measured: .* 10,000 Mb\/s and 20 µs:$/m)
  const rows = stdout.split('\n').flatMap(line => /^ +(\d+) .* ms .* %/.exec(line)?.[1] ?? [])
  assert.deepEqual(rows, ['1', '2', '4', '8', '12'])
})

test('what belongs to a dry run is refused without it', async () => {
  const train = (...more: string[]) =>
    inception(['train', '--network', 'inception-v4', '--data', 'data', ...more], { cwd: root })
  assertRefused(await train('--replicas', '4'), 2, /--replicas is for --dry-run; .* mpirun/)
  assertRefused(await train('--dry-run', '--link', '1Gbps'), 2, /say how many \(--replicas\)/)
  assertRefused(await train('--dry-run', '--replicas', '4'), 2, /Give --link/)
  assertRefused(await train('--dry-run', '--replicas', '4', '--link', 'fast'), 2, /Write it like 10Gbps/)
})
