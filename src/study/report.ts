import { formatBytes, formatCount, formatDuration, formatPercent } from '../base/format.js'
import { lineChart } from './chart.js'
import { type Claim, judgeClaims, type Verdict } from './claims.js'
import { figuresOf } from './figures.js'
import { escapeProse, escapeText } from './markup.js'
import { isFraction, type StudyResult } from './result.js'
import { styleSheet } from './sheet.js'
import { type Table, tableHtml, tablesOf, trainingSeconds } from './tables.js'

/**
 * The whole report as one HTML file that asks for nothing else: styles and plots are inline, there is no script. What
 * an interrupted run did not measure is shown as missing.
 */
export function renderReport(result: StudyResult): string {
  const claims = judgeClaims(result)
  const title = headline(claims)
  const sections = [
    section('what', 'What was run', whatWasRun(result)),
    section('figures', 'Error during training', figures(result)),
    section('tables', 'Tables', tablesOf(result).map(tableHtml).join('') || '<p>No network was measured.</p>'),
    section('claims', 'The paper’s claims, in this run', claims.map(claimHtml).join('') + method),
    section('recipe', 'Recipe, and where it leaves the paper', recipe(result)),
    section('machine', 'Machine', machine(result)),
    section('repeat', 'How to repeat it', repeat(result)),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeText(`Inception study, ${result.preset}: ${result.dataSet.name}`)}</title>
<link rel="icon" href="data:,">
<style>${styleSheet}</style>
</head>
<body>
<main>
<p class="eyebrow">A re-run of “Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning”, preset ${escapeText(result.preset)}</p>
<h1>${escapeText(title)}</h1>
${partialNote(result)}<p class="lead">${escapeProse(summary(result))}</p>
<ul class="claims">${claims.map(c => `<li><a href="#claim-${c.id}">${escapeText(c.title)}</a>${badge(c.verdict)}</li>`).join('')}</ul>
<nav aria-label="Sections">${sections.map(s => `<a href="#${s.id}">${escapeText(s.title)}</a>`).join('')}</nav>
${sections.map(s => `<section aria-labelledby="${s.id}"><h2 id="${s.id}">${escapeText(s.title)}</h2>${s.body}</section>`).join('\n')}
<footer>Started ${escapeText(result.startedAt)}, ${escapeText(formatDuration(result.seconds))} in all.</footer>
</main>
</body>
</html>
`
}

const section = (id: string, title: string, body: string) => ({ id, title, body })

const words = ['None', 'One', 'Two', 'Three', 'Four'] as const

/** "Of the paper’s four claims, two hold in this run, one does not hold and one is not decided". */
export function headline(claims: readonly Claim[]): string {
  const count = (verdict: Verdict) => claims.filter(c => c.verdict === verdict).length
  const total = claims.length
  const name = (n: number) => (words[n] ?? `${n}`).toLowerCase()
  const whole = `None of the paper’s ${name(total)} claims`
  if (count('holds') === total) return `All ${name(total)} of the paper’s claims hold in this run`
  if (count('does not hold') === total) return `${whole} holds in this run`
  if (count('not decided by this run') === total) return `${whole} is decided by this run`
  const said = [
    [count('holds'), 'holds', 'hold'],
    [count('does not hold'), 'does not hold', 'do not hold'],
    [count('not decided by this run'), 'is not decided', 'are not decided'],
  ] as const
  const phrases = said
    .filter(([n]) => n > 0)
    .map(([n, one, many], i) => `${name(n)} ${n === 1 ? one : many}${i === 0 ? ' in this run' : ''}`)
  return `Of the paper’s ${name(total)} claims, ${phrases.join(', ').replace(/, ([^,]*)$/, ' and $1')}`
}

function summary(result: StudyResult): string {
  const { dataSet, networks } = result
  const epochs = networks.map(n => n.epochs.length)
  const [least, most] = [Math.min(...epochs), Math.max(...epochs)]
  const trained =
    networks.length === 0
      ? 'No network was trained'
      : `${words[networks.length] ?? networks.length} ${networks.length === 1 ? 'network' : 'networks'} trained for ${least === most ? most : `${least} to ${most}`} ${most === 1 ? 'epoch' : 'epochs'}${networks.length > 1 && least === most ? ' each' : ''}`
  return (
    `${trained} on ${dataSet.name}: ${formatCount(dataSet.trainImages)} training and ${formatCount(dataSet.valImages)} validation images ` +
    `of ${formatCount(dataSet.classes)} classes at ${dataSet.size}×${dataSet.size} pixels, in ${formatDuration(result.seconds)}.` +
    `${dataSet.synthetic ? ' The images are synthetic.' : ''} What holds here need not hold on ImageNet, and the other way round.`
  )
}

const partialNote = (result: StudyResult): string =>
  result.interrupted === undefined
    ? ''
    : `<p class="partial"><strong>Partial result.</strong> The run was interrupted: ${escapeText(result.interrupted)}. What follows is what it had measured by then.</p>\n`

const verdictMark: Readonly<Record<Verdict, readonly [kind: string, mark: string, label: string]>> = {
  holds: ['good', '✓', 'holds'],
  'does not hold': ['bad', '✗', 'does not hold'],
  'not decided by this run': ['open', '○', 'not decided by this run'],
}

function badge(verdict: Verdict): string {
  const [kind, mark, label] = verdictMark[verdict]
  return `<span class="badge ${kind}"><span aria-hidden="true">${mark}</span> ${label}</span>`
}

function facts(entries: readonly (readonly [string, string])[]): string {
  return `<dl class="facts">${entries.map(([k, v]) => `<dt>${escapeText(k)}</dt><dd>${escapeText(v)}</dd>`).join('')}</dl>`
}

function whatWasRun(result: StudyResult): string {
  const { dataSet } = result
  const networks = result.networks.map(n => `${n.title} (${n.network}, width ${Number(n.width.toPrecision(3))})`)
  return facts([
    ['Networks', networks.join('; ') || 'none'],
    [
      'Data set',
      `${dataSet.name}${dataSet.synthetic && !/synth/i.test(dataSet.name) ? ', synthetic' : ''}${dataSet.path === undefined ? '' : `, from ${dataSet.path}`}`,
    ],
    [
      'Images',
      `${formatCount(dataSet.trainImages)} for training, ${formatCount(dataSet.valImages)} for validation, ${formatCount(dataSet.classes)} classes`,
    ],
    ['Unreadable', dataSet.badImages === 0 ? 'none' : `${formatCount(dataSet.badImages)}, left out`],
    ['Input', `${dataSet.size}×${dataSet.size} pixels (the paper: 299×299)`],
    ['Evaluation', result.evaluation],
    ['Time', formatDuration(result.seconds)],
  ])
}

function figures(result: StudyResult): string {
  const drawn = figuresOf(result).map(
    f =>
      `<figure id="${f.id}"><h3>${escapeText(f.id.replace('figure-', 'Figure '))}: ${escapeText(f.title)}</h3><div class="charts">` +
      `${f.charts.map(c => `<div class="chart">${lineChart(c)}</div>`).join('')}</div><figcaption>${escapeText(f.caption)}</figcaption></figure>`,
  )
  const curves = result.networks.map(n => {
    const table: Table = {
      id: `curve-${n.network}`,
      caption: n.title,
      header: ['Epoch', 'Training time', 'Training loss', 'Top-1', 'Top-5'],
      rows: n.epochs.map(e => [
        `${e.epoch}`,
        formatDuration(e.seconds),
        typeof e.trainLoss === 'number' && Number.isFinite(e.trainLoss) ? e.trainLoss.toFixed(3) : '—',
        isFraction(e.top1Error) ? formatPercent(e.top1Error) : '—',
        isFraction(e.top5Error) ? formatPercent(e.top5Error) : '—',
      ]),
      notes: [],
    }
    return `<details><summary>${escapeText(n.title)}: every epoch in numbers</summary>${tableHtml(table)}</details>`
  })
  return drawn.length === 0 ? '<p>No network was measured, so there is no curve.</p>' : drawn.join('') + curves.join('')
}

function claimHtml(claim: Claim): string {
  const parts = claim.parts.map(
    p => `<dt><span>${escapeText(p.subject)}</span>${badge(p.verdict)}</dt><dd>${escapeProse(p.text)}</dd>`,
  )
  return (
    `<article class="claim" id="claim-${claim.id}"><header><h3>${escapeText(claim.title)}</h3>${badge(claim.verdict)}</header>` +
    `<p class="paper">${escapeText(claim.paper)}</p><dl>${parts.join('')}</dl><p class="note">${escapeText(claim.rule)}</p></article>`
  )
}

const method =
  '<p class="note">A claim about several comparisons holds when every one does, and does not hold when one does not. Intervals are ' +
  'Wilson’s for errors and Newcombe’s for differences, 95 % each by itself. They cover which images are in the validation set. ' +
  'Each network was trained once, so they do not cover what another seed would have given.</p>'

function recipe(result: StudyResult): string {
  if (result.recipe.length === 0) return '<p>No recipe was recorded.</p>'
  const rows = result.recipe.map(
    r =>
      `<tr><th scope="row">${escapeText(r.key)}</th><td class="prose">${escapeText(r.value)}</td><td class="prose">${escapeText(r.note ?? '')}</td></tr>`,
  )
  return (
    '<div class="scroll" tabindex="0" role="region" aria-label="Recipe"><table><caption><span>The same for every network</span></caption><thead><tr><th scope="col">Setting</th>' +
    `<th scope="col">Value</th><th scope="col">Where it differs from the paper, and why</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`
  )
}

const machine = ({ machine: m }: StudyResult): string =>
  facts([
    ['Processor', m.processor],
    ['Cores', formatCount(m.cores)],
    ['Memory', formatBytes(m.memoryBytes)],
    ['Engine', m.engine],
    ['Node.js', m.node],
    ['Platform', m.platform],
  ])

function repeat(result: StudyResult): string {
  const checkpoints = result.networks.flatMap(n => (n.checkpoint === null ? [] : [[n.title, n.checkpoint] as const]))
  const trained = result.networks.reduce((sum, n) => sum + (trainingSeconds(n) ?? 0), 0)
  return (
    `<pre><code>${escapeText(result.command)}</code></pre>` +
    `<p>On this machine it takes about ${escapeText(formatDuration(result.seconds))}, ${escapeText(formatDuration(trained))} of it training.</p>` +
    (checkpoints.length > 0 ? `<h3>Checkpoints</h3>${facts(checkpoints)}` : '')
  )
}
