import { formatCount, formatDuration, formatPercent } from '../../base/format.js'
import { wilsonInterval } from '../../evaluation/intervals.js'
import { writeText } from '../../formats/atomic-file.js'
import { networkOf } from '../../networks/model-spec.js'
import type { EvaluationEvent, LoggedEvent } from '../../training/events.js'
import type { Chart } from '../report/chart.js'
import { type Figure, figureHtml } from '../report/figure.js'
import { escapeProse, escapeText } from '../report/markup.js'
import { factsHtml, page, sectionHtml } from '../report/page.js'
import { measured, missing, type Table, tableHtml } from '../report/table.js'
import type { EpochResult } from '../result.js'
import { courseOf } from './measured-run.js'
import type { RunSettings } from './run-settings.js'
import { watchFigure, watchTable } from './watch-section.js'

export function writeRunReport(file: string, settings: RunSettings, events: readonly LoggedEvent[]): void {
  writeText(file, renderRunReport(settings, events))
}

/** The report of one run as one HTML file: how the validation error fell, every epoch in numbers, all settings. */
export function renderRunReport(settings: RunSettings, events: readonly LoggedEvent[]): string {
  const { title } = networkOf(settings.model)
  const { epochs, imagesPerSecond, waitShare } = courseOf(events)
  const evaluations = events.filter(event => event.type === 'evaluation')
  const images = evaluations.at(-1)?.images ?? 0
  const last = epochs.at(-1)
  const ended = events.some(event => event.type === 'done' || event.type === 'died')
  const death = events.find(event => event.type === 'died')
  const warnings = events.flatMap(event =>
    event.type === 'warning'
      ? [event.message]
      : event.type === 'bad image'
        ? [`bad image ${event.path}: ${event.reason}`]
        : [],
  )
  const headline =
    last?.top1Error == null ? `${title}: not evaluated yet` : `${title}: ${formatPercent(last.top1Error)} top-1 error`
  const { fineTuning } = settings
  const lead = [
    ...(death ? [`It died at step ${formatCount(death.step)}: ${death.layer} gave nothing but zeros.`] : []),
    last ? `After ${last.epoch} epochs and ${formatDuration(last.seconds)} of training` : 'Training has begun',
    `on ${settings.data}`,
    ...(fineTuning ? [`beginning with the weights of ${fineTuning.file}`] : []),
    ...(imagesPerSecond === null || waitShare === null
      ? []
      : [
          `at ${imagesPerSecond.toFixed(1)} images a second, ${formatPercent(waitShare)} of the time waiting for images`,
        ]),
  ].join(' ')
  const figures = epochs.length > 0 ? [errorFigure(epochs, images)] : []
  const [blocks, blockTable] = [watchFigure(events), watchTable(events)]
  const sections = [
    {
      id: 'errors',
      title: 'Error during training',
      body:
        figures.length > 0
          ? figures.map(figureHtml).join('') + tableHtml(epochTable(epochs, evaluations))
          : '<p>No epoch was evaluated.</p>',
    },
    ...(blocks && blockTable
      ? [{ id: 'watch', title: 'Blocks during training', body: figureHtml(blocks) + tableHtml(blockTable) }]
      : []),
    ...(warnings.length > 0
      ? [
          {
            id: 'warnings',
            title: 'Warnings',
            body: `<ul>${warnings.map(w => `<li>${escapeText(w)}</li>`).join('')}</ul>`,
          },
        ]
      : []),
    { id: 'settings', title: 'Settings', body: factsHtml(settingsOf(settings)) },
  ]
  return page(
    headline,
    `<p class="eyebrow">One training run${ended ? '' : ', not ended'}</p>
<h1>${escapeText(headline)}</h1>
<p class="lead">${escapeProse(lead)}. Errors are those of the running-average weights on ${formatCount(images)} validation images, single central crop.</p>
${sections.map(sectionHtml).join('\n')}`,
  )
}

function errorFigure(epochs: readonly EpochResult[], images: number): Figure {
  return {
    id: 'errors-figure',
    title: 'Validation error by epoch',
    caption: 'The shade is the 95 % interval for this many validation images (Wilson).',
    charts: [errorChart(epochs, images)],
  }
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
    x: { label: 'epoch', unit: 'epoch', whole: true },
    y: { label: 'error', scale: 'percent' },
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

const epochTable = (epochs: readonly EpochResult[], evaluations: readonly EvaluationEvent[]): Table => ({
  id: 'epochs',
  caption: 'Every evaluation in numbers',
  header: ['Epoch', 'Training time', 'Training loss', 'Top-1 error', 'Top-5 error', 'Images', 'Left out'],
  rows: epochs.map((epoch, i) => [
    `${epoch.epoch}`,
    formatDuration(epoch.seconds),
    epoch.trainLoss?.toFixed(3) ?? missing,
    measured(epoch.top1Error, formatPercent),
    measured(epoch.top5Error, formatPercent),
    formatCount(evaluations[i]!.images),
    formatCount(evaluations[i]!.badImages),
  ]),
  notes: [],
})

const settingsOf = ({
  model,
  recipe,
  labels,
  boxes,
  badImages,
  backend,
  fineTuning,
}: RunSettings): [string, string][] =>
  Object.entries({
    ...model,
    ...recipe,
    ...(labels && { labels }),
    ...(boxes && { boxes }),
    badImages,
    backend,
    ...(fineTuning && { fineTuning }),
  }).map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)])
