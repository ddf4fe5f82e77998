import { formatDuration } from '../../base/format.js'
import { judgeClaims } from '../claims/claims.js'
import type { NetworkResult, StudyResult } from '../result.js'
import { badge, claimHtml } from './claim.js'
import { confusionHtml } from './confusion.js'
import { trainingSeconds } from './cost-tables.js'
import { checkpointsOf, commandsOf, machineFacts, recipeTables, whatWasRun } from './facts.js'
import { figureHtml } from './figure.js'
import { headline, method, summary } from './headline.js'
import { epochTable } from './learning-tables.js'
import { escapeProse, escapeText } from './markup.js'
import { type Measurement, measurementsOf } from './measurements.js'
import { factsHtml, page, type Section, sectionHtml } from './page.js'
import { samplesHtml } from './samples.js'
import { tableHtml } from './table.js'

/**
 * The whole report as one HTML file that asks for nothing else: styles, charts, pictures and the script that makes the
 * charts answer are inline. What an interrupted run did not measure is shown as missing.
 */
export function renderReport(result: StudyResult): string {
  const claims = judgeClaims(result)
  const sections = sectionsOf(result)
  const verdicts = claims.map(c => `<li><a href="#claim-${c.id}">${escapeText(c.title)}</a>${badge(c.verdict)}</li>`)
  return page(
    `Inception study, ${result.preset}: ${result.dataSet.name}`,
    `<p class="eyebrow">A re-run of “Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning”, preset ${escapeText(result.preset)}</p>
<h1>${escapeText(headline(claims))}</h1>
${partialNote(result)}<p class="lead">${escapeProse(summary(result))}</p>
<ul class="claims">${verdicts.join('')}</ul>
<nav aria-label="Sections">${sections.map(s => `<a href="#${s.id}">${escapeText(s.title)}</a>`).join('')}</nav>
${sections.map(sectionHtml).join('\n')}
<footer>Started ${escapeText(result.startedAt)}, ${escapeText(formatDuration(result.seconds))} in all. The same numbers are in report.md and report.csv.</footer>`,
  )
}

function sectionsOf(result: StudyResult): Section[] {
  const measurements = measurementsOf(result)
  const unmeasured = '<p>No network was measured, so there are no figures and tables.</p>'
  return [
    { id: 'what', title: 'What was run', body: factsHtml(whatWasRun(result)) },
    ...(measurements.length > 0
      ? measurements.map(m => ({ id: m.id, title: m.title, body: measurementHtml(m, result) }))
      : [{ id: 'figures', title: 'Error during training', body: unmeasured }]),
    {
      id: 'claims',
      title: 'The paper’s claims, in this run',
      body: `${judgeClaims(result).map(claimHtml).join('')}<p class="note">${escapeProse(method)}</p>`,
    },
    ...(result.samples.length > 0
      ? [{ id: 'samples', title: 'What the networks say', body: samplesHtml(result) }]
      : []),
    ...(result.confusions.length > 0
      ? [{ id: 'confusion', title: 'What is taken for what', body: confusionHtml(result) }]
      : []),
    {
      id: 'recipe',
      title: 'Recipe, and where it leaves the paper',
      body: recipeTables(result).map(tableHtml).join('') || '<p>No recipe was recorded.</p>',
    },
    { id: 'machine', title: 'Machine and versions', body: factsHtml(machineFacts(result)) },
    { id: 'repeat', title: 'How to repeat it', body: repeat(result) },
  ]
}

const partialNote = (result: StudyResult): string =>
  result.interrupted === undefined
    ? ''
    : `<p class="partial"><strong>Partial result.</strong> The run was interrupted: ${escapeText(result.interrupted)}. What follows is what it had measured by then.</p>\n`

function measurementHtml({ id, figures, tables }: Measurement, result: StudyResult): string {
  const curves = id === 'figures' ? result.networks.map(everyEpoch) : []
  return [...figures.map(figureHtml), ...tables.map(tableHtml), ...curves].join('')
}

function everyEpoch(network: NetworkResult): string {
  const tables = network.runs.filter(run => run.epochs.length > 0).map(run => tableHtml(epochTable(network, run)))
  if (tables.length === 0) return ''
  return `<details><summary>${escapeText(network.title)}: every epoch in numbers</summary>${tables.join('')}</details>`
}

const commandHtml = (command: string): string => `<pre><code>${escapeText(command)}</code></pre>`

function repeat(result: StudyResult): string {
  const trained = result.networks.reduce((sum, n) => sum + (trainingSeconds(n) ?? 0), 0)
  const single = result.networks.flatMap(network => {
    const commands = commandsOf(network)
    return commands.length > 0
      ? [`<details><summary>${escapeText(network.title)} alone</summary>${commandHtml(commands.join('\n'))}</details>`]
      : []
  })
  const checkpoints = checkpointsOf(result)
  return (
    commandHtml(result.command) +
    `<p>On this machine it takes about ${escapeProse(formatDuration(result.seconds))}; the training of all runs together takes ${escapeProse(formatDuration(trained))}.</p>` +
    single.join('') +
    (checkpoints.length > 0 ? `<h3>Checkpoints</h3>${factsHtml(checkpoints)}` : '')
  )
}
