import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { judgeClaims } from '../../src/study/claims.js'
import { headline, renderReport } from '../../src/study/report.js'
import type { NetworkResult, StudyResult } from '../../src/study/result.js'
import { tablesOf, terminalReport } from '../../src/study/tables.js'
import { sample, withNetwork } from './sample.js'
import { assertWellFormed } from './wellFormed.js'

test('one file, with every section, that asks for nothing else', () => {
  const html = renderReport(sample)
  assertWellFormed(html)
  assert.doesNotMatch(html, /<script|<img|<iframe|@import|url\(|(?:src|href)="(?!#|data:,")/)
  assert.doesNotMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /https?:/)
  for (const id of ['what', 'figures', 'tables', 'claims', 'recipe', 'machine', 'repeat'])
    assert.match(html, new RegExp(`<h2 id="${id}">`))
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(m => m[1])
  assert.equal(new Set(ids).size, ids.length)
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target), target)
  assert.equal(html.match(/<svg /g)!.length, 8)
  assert.equal(html.match(/<table>/g)!.length, html.match(/<caption>/g)!.length)
  assert.match(html, /inception reproduce --preset quick --seed 1/)
  assert.match(html, /The paper: every two epochs\. The run is shorter\./)
})

test('the terminal and the report print the same cells', () => {
  const html = renderReport(sample)
  const text = terminalReport(sample)
  const tables = tablesOf(sample)
  assert.deepEqual(
    tables.map(t => t.id),
    ['single', 'ensembles', 'by-epoch', 'speed', 'cost', 'published'],
  )
  for (const table of tables) {
    assert.ok(text.includes(table.caption))
    for (const row of table.rows) {
      assert.equal(row.length, table.header.length)
      for (const cell of row) assert.ok(text.includes(cell) && html.includes(`>${cell}</t`), cell)
    }
  }
  for (const claim of judgeClaims(sample)) assert.ok(text.includes(`${claim.title}: ${claim.verdict}`))
})

test('prose on the terminal keeps to the width asked for', () => {
  const prose = terminalReport(sample, 72)
    .split('\n')
    .filter(line => /^ {2}\S/.test(line))
  assert.ok(prose.length > 10)
  for (const line of prose) assert.ok(line.length <= 72, line)
})

test('numbers of the tables', () => {
  const [single, ensembles, , speed, cost, published] = tablesOf(sample)
  assert.deepEqual(single!.rows[3], [
    'Inception-ResNet-v2',
    '21.1 %',
    '19.4 – 23.0 %',
    '2.4 %',
    '1.8 – 3.2 %',
    '20',
    '2,000',
  ])
  assert.deepEqual(ensembles!.rows[1]!.slice(0, 3), ['v3 + IR-v1 + v4 + IR-v2', '4', '17.6 %'])
  assert.equal(speed!.rows.length, 4)
  assert.deepEqual(cost!.rows[0]!.slice(0, 6), ['Inception-v3', '0.25', '1,512,872', '80.44 M', '471 ms', '80.6'])
  assert.deepEqual(published!.rows[2], ['Inception-v4', '23.1 / 2.9 %', '20.0 / 5.0 %', '17.7 / 3.8 %'])
  assert.match(published!.notes.join(' '), /AAAI version prints 16\.4 % top-1, the arXiv version 16\.5 %/)
})

test('a long run shows a dozen epochs on the terminal, the last among them', () => {
  const epochs = Array.from({ length: 157 }, (_, i) => ({ ...sample.networks[0]!.epochs[0]!, epoch: i + 1 }))
  const table = tablesOf(withNetwork('inception-v3', { epochs })).find(t => t.id === 'by-epoch')!
  assert.ok(table.rows.length <= 13)
  assert.equal(table.rows[0]![0], '1')
  assert.equal(table.rows.at(-1)![0], '157')
  assert.equal(table.rows.at(-1)![2], '—')
})

test('the headline counts verdicts and does not round them up', () => {
  assert.equal(
    headline(judgeClaims(sample)),
    'Of the paper’s four claims, three hold in this run and one is not decided',
  )
  const claims = judgeClaims(sample)
  const all = (verdict: (typeof claims)[number]['verdict']) => headline(claims.map(c => ({ ...c, verdict })))
  assert.equal(all('holds'), 'All four of the paper’s claims hold in this run')
  assert.equal(all('does not hold'), 'None of the paper’s four claims holds in this run')
  assert.equal(all('not decided by this run'), 'None of the paper’s four claims is decided by this run')
})

test('text from outside is escaped everywhere', () => {
  const evil = `<script>alert("1")</script>&'\u0000`
  const result: StudyResult = {
    ...withNetwork('inception-v3', { title: evil, note: evil, checkpoint: evil }),
    preset: evil,
    startedAt: evil,
    command: evil,
    interrupted: evil,
    evaluation: evil,
    dataSet: { ...sample.dataSet, name: evil, path: evil },
    machine: { ...sample.machine, processor: evil, engine: evil, node: evil, platform: evil },
    recipe: [{ key: evil, value: evil, note: evil }],
  }
  const html = renderReport(result)
  assertWellFormed(html)
  assert.doesNotMatch(html, /<script/)
  assert.ok(!html.includes('\u0000'))
  assert.match(html, /&lt;script&gt;/)
})

test('an interrupted run is marked partial, its missing numbers as missing', () => {
  const result: StudyResult = {
    ...withNetwork('inception-resnet-v2', {
      epochs: [],
      final: null,
      stepMilliseconds: null,
      imagesPerSecond: null,
      memoryBytes: null,
      dataWaitShare: null,
      checkpoint: null,
      note: 'training stopped in its first epoch',
    }),
    ensembles: [],
    interrupted: 'stopped by the user',
  }
  const html = renderReport(result)
  assertWellFormed(html)
  assert.match(html, /Partial result\.<\/strong> The run was interrupted: stopped by the user\./)
  assert.match(html, /training stopped in its first epoch/)
  assert.match(html, /<th scope="row">Inception-ResNet-v2<\/th><td class="number">—/)
  assert.match(terminalReport(result), /^Partial: the run was interrupted \(stopped by the user\)\./)
})

test('a study of five classes or fewer says that its top-5 error is empty', () => {
  const result = { ...sample, dataSet: { ...sample.dataSet, classes: 4 } }
  assert.match(renderReport(result), /With 4 classes every answer is among the first five/)
})

test('whatever was or was not measured, the report comes out whole', () => {
  const number = fc.oneof(
    fc.constant(null),
    fc.double(),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(0, 1),
  )
  const fraction = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, Number.NaN, 7))
  const errors = fc.record({ top1Error: fraction, top5Error: fraction, images: fc.integer({ min: 0, max: 5000 }) })
  const epoch = fc.record({
    epoch: fc.integer({ min: 1, max: 12 }),
    seconds: fc.double({ min: 0, max: 1e5, noNaN: true }),
    trainLoss: number,
    top1Error: number,
    top5Error: number,
  })
  const network: fc.Arbitrary<NetworkResult> = fc.record({
    network: fc.constantFrom(
      'inception-v3',
      'inception-resnet-v1',
      'inception-v4',
      'inception-resnet-v2',
      'toString',
      'x',
    ),
    title: fc.string({ maxLength: 30 }),
    residual: fc.boolean(),
    pair: fc.constantFrom('smaller' as const, 'larger' as const),
    parameters: fc.integer({ min: 0, max: 1e9 }),
    multiplyAdds: fc.integer({ min: 0, max: 1e12 }),
    width: fc.double({ min: 0.01, max: 2, noNaN: true }),
    epochs: fc.array(epoch, { maxLength: 15 }),
    final: fc.option(errors),
    stepMilliseconds: number,
    imagesPerSecond: number,
    memoryBytes: number,
    dataWaitShare: number,
    checkpoint: fc.constant(null),
  })
  const result = fc
    .record({
      networks: fc.uniqueArray(network, { maxLength: 5, selector: n => n.network }),
      ensembles: fc.array(
        errors.chain(e =>
          fc
            .array(fc.constantFrom('inception-v3', 'inception-v4', 'x', 'y'), { maxLength: 5 })
            .map(members => ({ ...e, members })),
        ),
        { maxLength: 3 },
      ),
      seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
      recipe: fc.constantFrom([], sample.recipe),
    })
    .map(part => ({ ...sample, ...part }))
  fc.assert(
    fc.property(result, study => {
      const html = renderReport(study)
      assertWellFormed(html)
      const said = html.replace(/<style>.*?<\/style>/s, '')
      const titles = study.networks.map(n => n.title).join(' ')
      if (!/NaN|Infinity|undefined|null/.test(titles)) assert.doesNotMatch(said, /NaN|Infinity|undefined|null/)
      assert.ok(terminalReport(study).length > 0)
    }),
    { seed: 1, numRuns: 150 },
  )
})
