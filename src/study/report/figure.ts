import { type Chart, drawable } from './chart.js'
import { legendLabel, lineChart } from './line-chart.js'
import { escapeText } from './markup.js'
import { key } from './stroke.js'

/** Charts of the same series, under one legend. */
export interface Figure {
  /** Unique in the page. */
  readonly id: string
  readonly title: string
  readonly caption: string
  readonly charts: readonly Chart[]
}

/** The figure for a page with the script, which makes the legend switch series and the charts read out values. */
export function figureHtml(figure: Figure): string {
  const charts = figure.charts.map(chart => `<div class="chart">${lineChart(chart, 'apart')}</div>`)
  return (
    `<figure class="plots" id="${escapeText(figure.id)}"><h3>${escapeText(figure.title)}</h3>${legend(figure)}` +
    `<div class="charts">${charts.join('')}</div><figcaption>${escapeText(figure.caption)}</figcaption></figure>`
  )
}

/** One entry a series; it says "no data" where none of the charts has any. */
function legend({ charts }: Figure): string {
  const drawn = charts.map(drawable)
  const entries = (drawn[0] ?? []).map((first, i) => {
    const fullest = drawn.map(series => series[i] ?? first).find(series => series.points.length > 0) ?? first
    const sample = `<svg class="key" viewBox="0 0 34 14" width="34" height="14" aria-hidden="true">${key(2, 7, first.style)}</svg>`
    return `<li><button type="button" data-series="${i}" aria-pressed="true">${sample}<span>${escapeText(legendLabel(fullest))}</span></button></li>`
  })
  return `<ul class="legend">${entries.join('')}</ul>`
}
