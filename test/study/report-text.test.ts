import assert from 'node:assert/strict'
import test from 'node:test'
import { judgeClaims } from '../../src/study/claims/claims.js'
import { renderCsv } from '../../src/study/report/csv.js'
import { renderMarkdown } from '../../src/study/report/markdown.js'
import { measurementsOf } from '../../src/study/report/measurements.js'
import type { StudyResult } from '../../src/study/result.js'
import { poisoned, sample } from './sample.js'

const tablesOf = (result: StudyResult) => measurementsOf(result).flatMap(m => m.tables)

test('Markdown has every table, claim and figure, its pictures by the names they are written under', () => {
  const markdown = renderMarkdown(sample)
  for (const table of tablesOf(sample)) assert.ok(markdown.includes(`**${table.caption}**`), table.caption)
  for (const { title, verdict } of judgeClaims(sample)) assert.ok(markdown.includes(`### ${title}: ${verdict}`), title)
  const charts = measurementsOf(sample).flatMap(m => m.figures.flatMap(f => f.charts))
  assert.deepEqual(
    [...markdown.matchAll(/\]\(pictures\/([^)]+)\.png\)/g)].map(([, id]) => id),
    charts.map(c => c.id),
  )
  assert.ok(markdown.includes(`\`\`\`sh\n${sample.command}\n\`\`\``))
  assert.match(markdown, /\| Inception-v3 \| 28\.\d ± 0\.\d % \|/)
})

test('CSV has a header, as many cells a line, and the numbers unrounded', () => {
  const lines = renderCsv(sample).split('\r\n')
  assert.equal(lines[0], 'section,protocol,subject,seed,metric,value,low,high,images,images_bad,epoch,step')
  assert.equal(lines.at(-1), '')
  const rows = lines.slice(1, -1).map(line => line.split(','))
  const plain = rows.filter(([section]) => section !== 'claims' && !section!.startsWith('"'))
  for (const row of plain) assert.equal(row.length, 12, row.join())
  const { top1Error, images } = sample.networks[3]!.runs[1]!.errors['144']!
  assert.ok(lines.includes(`errors,144,inception-resnet-v2,2,top-1 error,${top1Error},,,${images},,,`))
  assert.ok(lines.includes('instability,,scale-1,1,outcome,died,,,,,,1150'))
  assert.ok(lines.some(line => line.startsWith('errors,1,inception-v3,,mean top-1 error,')))
  assert.ok(lines.includes('"paper, ImageNet",144,inception-v4,,top-1 error,0.177,,,,,,'))
})

test('text from outside does nothing in Markdown and CSV', () => {
  const markdown = renderMarkdown(poisoned)
  const outside = markdown.replace(/```sh\n.*?\n```/gs, '')
  assert.doesNotMatch(outside, /(?<!\\)<script|(?<!\\)\[x\]/)
  const cells = outside.split('\n').filter(line => line.startsWith('| '))
  const widths = new Set(cells.map(line => line.match(/(?<!\\)\|/g)!.length - 1))
  assert.ok(cells.length > 50)
  for (const table of tablesOf(poisoned)) assert.ok(widths.has(table.header.length), table.id)
  const named: StudyResult = {
    ...sample,
    networks: sample.networks.map((n, i) => (i === 0 ? { ...n, network: '=1+1,"a"\nb' } : n)),
  }
  assert.match(renderCsv(named), /\r\ncurve,,"'=1\+1,""a""\nb",1,seconds,12\.4,/)
})
