import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import test from 'node:test'
import fc from 'fast-check'
import { judgeClaims } from '../../src/study/claims/claims.js'
import { renderCsv } from '../../src/study/report/csv.js'
import { headline } from '../../src/study/report/headline.js'
import { renderMarkdown } from '../../src/study/report/markdown.js'
import { measurementsOf } from '../../src/study/report/measurements.js'
import { renderReport } from '../../src/study/report/report.js'
import type { Table } from '../../src/study/report/table.js'
import { terminalReport } from '../../src/study/report/terminal.js'
import type { NetworkResult, RunResult, StudyResult } from '../../src/study/result.js'
import { empty, interrupted, oneSeed, poisoned, sample, thousandClasses, withRuns } from './sample.js'
import { assertWellFormed } from './wellFormed.js'

const tablesOf = (result: StudyResult): Table[] => measurementsOf(result).flatMap(m => m.tables)
const tableOf = (result: StudyResult, id: string): Table => tablesOf(result).find(t => t.id === id)!

test('one file, with every section, that asks for nothing else', () => {
  const html = renderReport(sample)
  assertWellFormed(html)
  assert.doesNotMatch(html, /<iframe|<object|@import|url\(|src="(?!data:image\/png;base64,)|href="(?!#|data:,")/)
  assert.doesNotMatch(html.replaceAll('http://www.w3.org/2000/svg', ''), /https?:/)
  assert.deepEqual(
    [...html.matchAll(/<h2 id="([^"]+)">/g)].map(([, id]) => id),
    [
      'what',
      'figures',
      'errors',
      'instability',
      'sum-norms',
      'cost',
      'claims',
      'samples',
      'confusion',
      'recipe',
      'machine',
      'repeat',
    ],
  )
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(m => m[1])
  assert.equal(new Set(ids).size, ids.length)
  for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target), target)
  assert.equal(html.match(/<div class="chart">/g)!.length, 8 + 4)
  assert.equal(html.match(/<svg class="map"/g)!.length, 2)
  assert.match(html, /npx inception reproduce --preset paper-small/)
  assert.match(html, /--network inception-v4 --width 0\.25 --data runs\/study\/data --seed 3/)
  assert.match(html, /Inception-v4, Inception-ResNet-v2 \(seeds 1, 2, 3\)<\/dd><dt>Comparators<\/dt>/)
  assert.match(html, /<dt>This program<\/dt><dd>0\.1\.0</)
  assert.match(html, /The paper: every two epochs\. The run is shorter\./)
})

test('the policy lets exactly the page’s own script and styles run', () => {
  const html = renderReport(sample)
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)![1]!
  const hashOf = (tag: string) => {
    const found = [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs'))].map(([, text]) => text!)
    assert.equal(found.length, 1)
    return `'sha256-${createHash('sha256').update(found[0]!).digest('base64')}'`
  }
  assert.ok(policy.includes(`script-src ${hashOf('script')};`))
  assert.ok(policy.includes(`style-src ${hashOf('style')};`))
  assert.match(policy, /^default-src 'none';/)
  assert.doesNotMatch(policy, /unsafe/)
  assert.doesNotMatch(html, / on\w+="| style="/)
})

test('the terminal and the report print the same cells', () => {
  const html = renderReport(sample)
  const text = terminalReport(sample)
  const tables = tablesOf(sample)
  assert.deepEqual(
    tables.map(t => t.id),
    [
      'arrivals',
      'speed',
      'by-epoch',
      'errors-1',
      'errors-2',
      'errors-3',
      'errors-4',
      'instability',
      'sum-norms',
      'footprint',
      'cost',
    ],
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

test('tables 1 to 4: means, spreads and intervals beside the paper’s numbers of another data set', () => {
  const v3 = sample.networks[0]!.runs.map(r => 100 * r.errors['1']!.top1Error)
  const mean = v3.reduce((sum, e) => sum + e, 0) / 3
  const deviation = Math.sqrt(v3.reduce((sum, e) => sum + (e - mean) ** 2, 0) / 2)
  const [first] = tableOf(sample, 'errors-1').rows
  assert.deepEqual(first!.slice(0, 2), ['Inception-v3', `${mean.toFixed(1)} ± ${deviation.toFixed(1)} %`])
  assert.deepEqual(first!.slice(-3), ['3', '2,000', '21.2 / 5.6 %'])
  const single = tableOf(oneSeed, 'errors-1')
  assert.deepEqual(single.rows[0]!.slice(1, 2), [`${v3[0]!.toFixed(1)} %`])
  assert.match(single.notes.join(' '), /Wilson intervals/)
  assert.match(single.notes.join(' '), /another data set than this run’s, so not a target/)
  assert.equal(single.header.at(-1), 'Paper, on ImageNet')
  const [, second, third, fourth] = ['1', '2', '3', '4'].map(n => tableOf(sample, `errors-${n}`))
  const resnet = (table: Table) => table.rows.filter(row => row[0]!.startsWith('ResNet-152'))
  assert.deepEqual(resnet(second!)[0]!.slice(1, 2).concat(resnet(second!)[0]!.at(-1)!), ['10 crops', '21.4 / 5.7 %'])
  assert.match(second!.notes.join(' '), /a copy of BN-Inception’s single-crop row/)
  assert.deepEqual(resnet(third!)[0]!.slice(1, 2).concat(resnet(third!)[0]!.at(-1)!), ['dense', '19.4 / 4.5 %'])
  assert.ok(!second!.rows.some(row => row[0] === 'BN-Inception'))
  assert.deepEqual(fourth!.rows[1]!.slice(0, 4), ['v4 + 3 × IR-v2', '4', '144 crops', '14.8 %'])
  assert.equal(fourth!.rows[1]!.at(-1), '16.4 / 3.1 %')
  assert.equal(fourth!.rows[0]!.at(-1), '—')
  assert.deepEqual(fourth!.rows[2]!.slice(0, 2).concat(fourth!.rows[2]!.at(-1)!), [
    '6 × ResNet-152 (paper only)',
    '6',
    '— / 3.6 %',
  ])
  assert.match(fourth!.notes.join(' '), /AAAI version prints 16\.4 % top-1, the arXiv version 16\.5 %/)
})

test('every protocol’s open choices stand under its table, an unknown protocol has its own', () => {
  const protocol = { id: '3', title: '3 crops', description: 'left, centre and right', images: 2000 }
  const errors = { '3': { top1Error: 0.25, top5Error: 0.05, images: 2000 } }
  const result = withRuns('inception-v3', { errors }, { ...sample, protocols: [...sample.protocols, protocol] })
  for (const { title, description } of result.protocols)
    assert.ok(
      tablesOf(result).some(t => t.notes.includes(description)),
      title,
    )
  assert.equal(tableOf(result, 'errors-3').rows[0]![2], '—')
  assert.equal(tablesOf(result).find(t => t.caption === 'Single network, 3 crops')!.rows[0]![1], '25.0 ± 0.0 %')
})

test('on ImageNet itself the paper’s numbers are called the paper’s', () => {
  const table = tableOf(thousandClasses, 'errors-1')
  assert.equal(table.header.at(-1), 'Paper')
  assert.doesNotMatch(table.notes.join(' '), /another data set/)
  assert.doesNotMatch(renderReport(thousandClasses), /need not hold on ImageNet/)
})

test('epochs and time to given errors, cost and what batch norm on the sums adds', () => {
  const arrivals = tableOf(sample, 'arrivals')
  assert.match(arrivals.rows[0]![1]!, /^\d+\.\d epochs \/ (\d+ min )?\d+ s$/)
  assert.ok(arrivals.rows.some(row => row.includes('—')))
  const norms = tableOf(sample, 'sum-norms')
  assert.deepEqual(norms.rows[2], ['Inception-ResNet-v1', 'time of a step', '2.10 s', '2.25 s', '+7.1 %'])
  assert.equal(norms.rows[1]!.at(-1), '+13.0 %')
  assert.deepEqual(tableOf(sample, 'cost').rows[0]!.slice(0, 6), [
    'Inception-v3',
    '0.25',
    '1,512,872',
    '80.44 M',
    '471 ms',
    '80.6',
  ])
  assert.equal(tableOf(sample, 'footprint').rows[2]![2], '12.25 G')
})

test('instability: how each run ended, and curves by step of what was seen', () => {
  const table = tableOf(sample, 'instability')
  assert.deepEqual(table.rows[0]!.slice(0, 5), ['scale 1', '1', '1', 'died', '1,150'])
  assert.deepEqual(table.rows[2]!.slice(2, 6), ['3', 'diverged', '900', '—'])
  const [figure] = measurementsOf(sample).find(m => m.id === 'instability')!.figures
  assert.deepEqual(
    figure!.charts.map(c => [c.id, c.y.scale, c.series.length]),
    [
      ['instability-zeros', 'percent', 7],
      ['instability-magnitude', 'log', 7],
      ['instability-residuals', 'log', 7],
      ['instability-loss', 'log', 7],
    ],
  )
  const died = figure!.charts[0]!.series[0]!.points
  assert.deepEqual([died.at(-1)!.x, died.at(-1)!.y], [1150, 1])
  const unseen = {
    ...sample,
    instability: {
      ...sample.instability!,
      settings: sample.instability!.settings.map(s => ({ ...s, runs: s.runs.map(r => ({ ...r, trace: [] })) })),
    },
  }
  assert.equal(measurementsOf(unseen).find(m => m.id === 'instability')!.figures.length, 0)
})

test('samples say right and wrong in words, and only bitmaps in the file itself are shown', () => {
  const html = renderReport(sample)
  assert.equal(html.match(/<img /g)!.length, 6)
  assert.match(html, /✓<\/span><span class="unseen">right:<\/span> plain circle</)
  assert.match(html, /✗<\/span><span class="unseen">wrong:<\/span> plain ring</)
  const [first] = sample.samples
  for (const picture of ['https://example.org/a.png', 'data:image/svg+xml;base64,AAAA', 'data:image/png;base64,"><b>'])
    assert.match(renderReport({ ...sample, samples: [{ ...first!, picture }] }), /no picture<\/div>/)
})

test('confusions: a map of counts to fifty classes, beyond only the most frequent mistakes', () => {
  const html = renderReport(sample)
  assert.match(html, /<title>plain circle: 76 of \d+ right<\/title>/)
  assert.match(html, /<title>plain circle taken for striped circle: 13 of \d+<\/title>/)
  const many = renderReport(thousandClasses)
  assert.doesNotMatch(many, /<svg class="map"/)
  assert.match(many, /Most frequent mistakes of Inception-v3/)
})

test('a long run shows a dozen epochs on the terminal, the last among them', () => {
  const [first] = sample.networks[0]!.runs[0]!.epochs
  const epochs = Array.from({ length: 157 }, (_, i) => ({ ...first!, epoch: i + 1 }))
  const table = tableOf(withRuns('inception-v3', { epochs }), 'by-epoch')
  assert.ok(table.rows.length <= 13)
  assert.equal(table.rows[0]![0], '1')
  assert.equal(table.rows.at(-1)![0], '157')
  assert.equal(table.rows.at(-1)![2], '—')
})

test('the headline counts verdicts and does not round them up', () => {
  assert.equal(
    headline(judgeClaims(sample)),
    'Of the paper’s seven claims, six hold in this run and one is not decided',
  )
  const claims = judgeClaims(sample)
  const all = (verdict: (typeof claims)[number]['verdict']) => headline(claims.map(c => ({ ...c, verdict })))
  assert.equal(all('holds'), 'All seven of the paper’s claims hold in this run')
  assert.equal(all('does not hold'), 'None of the paper’s seven claims holds in this run')
  assert.equal(all('not decided by this run'), 'None of the paper’s seven claims is decided by this run')
})

test('text from outside is escaped everywhere in the page', () => {
  const html = renderReport(poisoned)
  assertWellFormed(html)
  assert.equal(html.match(/<script/g)!.length, 1)
  assert.ok(!html.includes('\u0000'))
  assert.match(html, /&lt;script&gt;/)
})

test('a network under way is marked partial, its missing numbers as missing', () => {
  const html = renderReport(interrupted)
  assertWellFormed(html)
  assert.match(html, /Partial result\.<\/strong> The run was interrupted: stopped by the user after 2 of 4 networks\./)
  assert.match(html, /training stopped in its first epoch/)
  assert.match(html, /<th scope="row">Inception-v4<\/th><td class="number">—/)
  assert.match(terminalReport(interrupted), /^Partial: the run was interrupted \(stopped by the user after 2/)
  assert.match(renderMarkdown(interrupted), /\*\*Partial result\.\*\*/)
})

test('a study without any network still has a report', () => {
  const html = renderReport(empty)
  assertWellFormed(html)
  assert.match(html, /No network was measured/)
  assert.match(html, /No network was trained on synthetic shapes/)
  assert.doesNotMatch(renderMarkdown(empty) + renderCsv(empty) + terminalReport(empty), /Infinity|NaN|undefined/)
  assert.deepEqual(tablesOf(empty), [])
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
  const run: fc.Arbitrary<RunResult> = fc.record({
    seed: fc.integer({ min: 1, max: 9 }),
    epochs: fc.array(epoch, { maxLength: 15 }),
    errors: fc.dictionary(fc.constantFrom('1', '10', '12', '144', 'dense'), errors),
    stepMilliseconds: number,
    imagesPerSecond: number,
    memoryBytes: number,
    dataWaitShare: number,
    checkpoint: fc.constant(null),
    commands: fc.array(fc.string({ maxLength: 9 }), { maxLength: 2 }),
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
    role: fc.constantFrom('smaller' as const, 'larger' as const, 'comparator' as const),
    parameters: fc.integer({ min: 0, max: 1e9 }),
    multiplyAdds: fc.integer({ min: 0, max: 1e12 }),
    width: fc.double({ min: 0.01, max: 2, noNaN: true }),
    runs: fc.uniqueArray(run, { maxLength: 3, selector: r => r.seed }),
  })
  const result = fc
    .record({
      networks: fc.uniqueArray(network, { maxLength: 5, selector: n => n.network }),
      ensembles: fc.array(
        fc.record({
          members: fc.array(
            fc.record({
              network: fc.constantFrom('inception-v3', 'inception-v4', 'x', 'y'),
              seed: fc.integer({ min: 1, max: 3 }),
            }),
            { maxLength: 5 },
          ),
          protocol: fc.constantFrom('1', '144', 'unknown'),
          errors,
        }),
        { maxLength: 3 },
      ),
      protocols: fc.subarray([...sample.protocols]),
      seconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
      recipe: fc.constantFrom([], sample.recipe),
    })
    .map(part => ({ ...sample, ...part }))
  fc.assert(
    fc.property(result, study => {
      const html = renderReport(study)
      assertWellFormed(html)
      const said = html.replace(/<(style|script)>.*?<\/\1>/gs, '') + renderMarkdown(study) + renderCsv(study)
      const titles = study.networks.flatMap(n => [n.title, ...n.runs.flatMap(r => r.commands)]).join(' ')
      if (!/NaN|Infinity|undefined|null/.test(titles)) assert.doesNotMatch(said, /NaN|Infinity|undefined|null/)
      assert.ok(terminalReport(study).length > 0)
    }),
    { seed: 1, numRuns: 80 },
  )
})
