import { formatCount } from '../../base/format.js'
import type { Confusion, StudyResult } from '../result.js'
import { escapeText } from './markup.js'
import { lightColours, lightInk } from './palette.js'
import { type Table, tableHtml } from './table.js'

/** Which classes each network takes for which: a map where there are counts, and the most frequent mistakes. */
export const confusionHtml = (result: StudyResult): string =>
  result.confusions
    .map((confusion, i) => {
      const title = titleOf(result, confusion)
      const map =
        confusion.counts.length > 0
          ? `<div class="scroll" tabindex="0" role="region" aria-label="${escapeText(`Confusion matrix of ${title}`)}">${confusionMap(confusion, `confusion-${i}`, title)}</div>`
          : ''
      const pairs = confusion.pairs.length > 0 ? tableHtml(pairsTable(result, confusion)) : '<p>It made no mistake.</p>'
      return `<details class="confusion"${i === 0 ? ' open' : ''}><summary>${escapeText(title)}</summary>${map}${pairs}</details>`
    })
    .join('')

const titleOf = (result: StudyResult, { network }: Confusion): string =>
  result.networks.find(n => n.network === network)?.title ?? network

/** The most frequent mistakes of a network. */
export const pairsTable = (result: StudyResult, confusion: Confusion): Table => ({
  id: `mistakes-${result.confusions.indexOf(confusion)}`,
  caption: `Most frequent mistakes of ${titleOf(result, confusion)}`,
  header: ['Label', 'Taken for', 'Images'],
  rows: confusion.pairs.map(({ label, predicted, images }) => [label, predicted, formatCount(images)]),
  notes: [],
})

const cell = 24
const longest = 18
const shortened = (name: string): string =>
  [...name].length > longest ? `${[...name].slice(0, longest - 1).join('')}…` : name

/** Labels by rows, predictions by columns; the darker, the larger the share of the row. Counts stand in the cells. */
function confusionMap({ classes, counts }: Confusion, id: string, title: string): string {
  const room = 16 + 7 * Math.max(4, ...classes.map(name => [...shortened(name)].length))
  const width = room + cell * classes.length + 10
  const height = width
  const at = (i: number) => room + cell * i
  const names = classes.flatMap((name, i) => [
    `<text class="ink" x="${room - 6}" y="${at(i) + 16}" text-anchor="end" fill="${lightInk.text}">${escapeText(shortened(name))}</text>`,
    `<text class="ink" transform="translate(${at(i) + 16} ${room - 6}) rotate(-90)" fill="${lightInk.text}">${escapeText(shortened(name))}</text>`,
  ])
  const cells = counts.flatMap((row, i) => {
    const total = row.reduce((sum, n) => sum + n, 0)
    return row.flatMap((n, j) =>
      n > 0 ? [cellOf(n, total, at(j), at(i), i === j, said(classes, i, j, n, total))] : [],
    )
  })
  const grid = `<rect class="grid" x="${room}" y="${room}" width="${cell * classes.length}" height="${cell * classes.length}" fill="none" stroke="${lightInk.line}"/>`
  return (
    `<svg class="map" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title" font-family="system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif" font-size="12">` +
    `<title id="${id}-title">${escapeText(`${title}: labels by rows, predictions by columns`)}</title>` +
    `<text class="soft" x="${room - 6}" y="${room - 20}" text-anchor="end" fill="${lightInk.soft}">label ↓</text><text class="soft" x="${room - 6}" y="${room - 6}" text-anchor="end" fill="${lightInk.soft}">taken for →</text>` +
    `${grid}${names.join('')}${cells.join('')}</svg>`
  )
}

const said = (classes: readonly string[], label: number, predicted: number, n: number, total: number): string =>
  label === predicted
    ? `${classes[label]}: ${n} of ${total} right`
    : `${classes[label]} taken for ${classes[predicted]}: ${n} of ${total}`

function cellOf(n: number, total: number, x: number, y: number, right: boolean, words: string): string {
  const share = n / total
  const colour = right ? 3 : 0
  const ink = share > 0.5 ? 'over' : 'ink'
  const words4 = n < 1000 ? `${n}` : `${Math.round(n / 1000)}k`
  return (
    `<g><title>${escapeText(words)}</title><rect class="b${colour}" x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${lightColours[colour]}" fill-opacity="${(0.08 + 0.92 * share).toFixed(2)}"/>` +
    `<text class="${ink}" x="${x + cell / 2}" y="${y + 16}" text-anchor="middle" font-size="10" fill="${ink === 'over' ? lightInk.paper : lightInk.text}">${words4}</text></g>`
  )
}
