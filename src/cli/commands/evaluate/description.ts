import path from 'node:path'
import { formatCount, formatPercent, formatTable } from '../../../base/format.js'
import type { BadImageNote } from '../../../data/loader.js'
import { worstClasses } from '../../../evaluation/class-scores.js'
import type { Interval } from '../../../evaluation/intervals.js'
import type { EvaluationResult, ModelResult, Score } from '../../../evaluation/result.js'
import { printable } from '../../../training/sinks/terminal.js'

/** A result as a person reads it: errors, how the images were cut, and where the model goes wrong. */
export function describeResult(result: EvaluationResult): string {
  const { members, ensemble, crops, badImages } = result
  const rows = members.flatMap(member => modelRows(path.relative('', member.checkpoint), member, result))
  if (ensemble) rows.push(...modelRows(`ensemble of ${members.length}`, ensemble, result))
  const difference = result.subset ? ['difference'] : []
  const header = ['model', 'top-1 error', '95 %', 'top-5 error', '95 %', 'images', ...difference]
  return [
    formatTable(header, rows),
    '',
    crops,
    ...weaknesses(result, ensemble ? ' of the ensemble' : ''),
    ...describeBadImages(badImages),
  ]
    .flatMap(text => text.split('\n'))
    .map(printable)
    .join('\n')
}

export const describeBadImages = (badImages: readonly BadImageNote[]): string[] =>
  badImages.map(({ path: file, reason }) => `left out: ${file}: ${reason}`)

function modelRows(name: string, model: ModelResult, { subset }: EvaluationResult): string[][] {
  if (!subset || !model.subset) return [[name, ...scoreCells(model)]]
  const { top1Difference, top5Difference } = model.subset
  return [
    [name, ...scoreCells(model), ''],
    [`  ${subset.name}`, ...scoreCells(model.subset), `${points(top1Difference)} / ${points(top5Difference)} points`],
  ]
}

const scoreCells = ({ top1Error, top1Interval, top5Error, top5Interval, images }: Score): string[] => [
  formatPercent(top1Error),
  range(top1Interval),
  formatPercent(top5Error),
  range(top5Interval),
  formatCount(images),
]

const range = ({ low, high }: Interval) => `${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)}`
const points = (difference: number) => `${difference > 0 ? '+' : ''}${(100 * difference).toFixed(2)}`

function weaknesses({ classes, confusions, mistakes }: EvaluationResult, whose: string): string[] {
  const list = (title: string, entries: readonly string[]) =>
    entries.length === 0 ? [] : [`${title}${whose}:`, ...entries.map(entry => `  ${entry}`)]
  return [
    ...list(
      'worst classes',
      worstClasses(classes)
        .slice(0, 5)
        .map(({ name, top1Error, images }) => `${name}: ${formatPercent(top1Error!)} of ${formatCount(images)} wrong`),
    ),
    ...list(
      'most confused',
      confusions
        .slice(0, 5)
        .map(({ label, predicted, count }) => `${label} taken for ${predicted}: ${formatCount(count)}`),
    ),
    ...list(
      'most confident mistakes',
      mistakes
        .slice(0, 3)
        .map(
          ({ path: file, label, predicted, probability }) =>
            `${file}: ${label} taken for ${predicted} (${formatPercent(probability)})`,
        ),
    ),
  ]
}
