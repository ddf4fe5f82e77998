import { formatCount, formatDuration, formatPercent } from '../base/format.js'
import { wilsonInterval } from '../evaluation/intervals.js'
import { writeAtomically } from '../formats/atomic-file.js'
import { networkOf } from '../networks/model-spec.js'
import type { LoggedEvent } from '../training/events.js'
import { type Chart, lineChart } from './chart.js'
import { escapeProse, escapeText } from './markup.js'
import { courseOf } from './measured-run.js'
import type { EpochResult } from './result.js'
import type { RunSettings } from './run-settings.js'
import { styleSheet } from './sheet.js'

export function writeRunReport(file: string, settings: RunSettings, events: readonly LoggedEvent[]): void {
  writeAtomically(file, out => out.append(new TextEncoder().encode(renderRunReport(settings, events))))
}

/** The report of one run as one HTML file: how the validation error fell, every epoch in numbers, all settings. */
export function renderRunReport(settings: RunSettings, events: readonly LoggedEvent[]): string {
  const { title } = networkOf(settings.model)
  const { epochs, imagesPerSecond } = courseOf(events)
  const images = events.findLast(event => event.type === 'evaluation')?.images ?? 0
  const last = epochs.at(-1)
  const ended = events.some(event => event.type === 'done')
  const warnings = events.flatMap(event => (event.type === 'warning' ? [event.message] : []))
  const headline =
    last?.top1Error == null ? `${title}: not evaluated yet` : `${title}: ${formatPercent(last.top1Error)} top-1 error`
  const lead = [
    last ? `After ${last.epoch} epochs and ${formatDuration(last.seconds)} of training` : 'Training has begun',
    `on ${settings.data}`,
    ...(imagesPerSecond === null ? [] : [`at ${imagesPerSecond.toFixed(1)} images a second`]),
  ].join(' ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeText(headline)}</title>
<link rel="icon" href="data:,">
<style>${styleSheet}</style>
</head>
<body>
<main>
<p class="eyebrow">One training run${ended ? '' : ', not ended'}</p>
<h1>${escapeText(headline)}</h1>
<p class="lead">${escapeProse(lead)}. Errors are those of the running-average weights on ${formatCount(images)} validation images, single central crop.</p>
<section aria-labelledby="errors"><h2 id="errors">Error during training</h2>
${epochs.length > 0 ? `<figure>${lineChart(errorChart(epochs, images))}</figure>${epochTable(epochs)}` : '<p>No epoch was evaluated.</p>'}
</section>
${warnings.length > 0 ? `<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2><ul>${warnings.map(w => `<li>${escapeText(w)}</li>`).join('')}</ul></section>` : ''}
<section aria-labelledby="settings"><h2 id="settings">Settings</h2><dl>${settingsOf(settings)
    .map(([key, value]) => `<dt>${escapeText(key)}</dt><dd>${escapeText(value)}</dd>`)
    .join('')}</dl></section>
</main>
</body>
</html>
`
}

function errorChart(epochs: readonly EpochResult[], images: number): Chart {
  const points = (kind: 'top1Error' | 'top5Error') =>
    epochs.flatMap(epoch => {
      const y = epoch[kind]
      return y === null ? [] : [{ x: epoch.epoch, y, ...wilsonInterval(y, images) }]
    })
  return {
    id: 'errors-by-epoch',
    title: 'Validation error by epoch',
    description: `Top-1 and top-5 error after each of ${epochs.length} evaluations`,
    xLabel: 'epoch',
    yLabel: 'error',
    wholeX: true,
    series: [
      {
        label: 'Top-1',
        short: 'top-1',
        style: { colour: 1, dash: 'solid', marker: 'circle' },
        points: points('top1Error'),
      },
      {
        label: 'Top-5',
        short: 'top-5',
        style: { colour: 0, dash: 'dashed', marker: 'square' },
        points: points('top5Error'),
      },
    ],
  }
}

function epochTable(epochs: readonly EpochResult[]): string {
  const share = (value: number | null) => (value === null ? '—' : formatPercent(value))
  const rows = epochs.map(epoch => [
    `${epoch.epoch}`,
    formatDuration(epoch.seconds),
    epoch.trainLoss?.toFixed(3) ?? '—',
    share(epoch.top1Error),
    share(epoch.top5Error),
  ])
  const head = ['Epoch', 'Training time', 'Training loss', 'Top-1 error', 'Top-5 error']
  const cells = (tag: 'th' | 'td', row: readonly string[]) =>
    row.map(cell => `<${tag}>${escapeText(cell)}</${tag}>`).join('')
  return `<table><caption>Every evaluation in numbers</caption><thead><tr>${cells('th', head)}</tr></thead><tbody>${rows
    .map(row => `<tr>${cells('td', row)}</tr>`)
    .join('')}</tbody></table>`
}

const settingsOf = ({ model, recipe, badImages, backend }: RunSettings): [string, string][] =>
  Object.entries({ ...model, ...recipe, badImages, backend }).map(([key, value]) => [
    key,
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ])
