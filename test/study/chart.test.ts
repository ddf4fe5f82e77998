import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ticks } from '../../src/study/report/axis.js'
import type { Chart } from '../../src/study/report/chart.js'
import { separate } from '../../src/study/report/end-labels.js'
import { errorFigures } from '../../src/study/report/error-figures.js'
import { figureHtml } from '../../src/study/report/figure.js'
import { lineChart } from '../../src/study/report/line-chart.js'
import { darkColours, lightColours } from '../../src/study/report/palette.js'
import type { NetworkResult } from '../../src/study/result.js'
import { oneSeed, sample, withNetwork } from './sample.js'
import { assertWellFormed } from './wellFormed.js'

const chart = (series: Chart['series'], rest: Partial<Chart> = {}): Chart => ({
  id: 'a',
  title: 'A',
  description: 'D',
  x: { label: 'epoch', unit: 'epoch', whole: true },
  y: { label: 'top-1 error', scale: 'percent' },
  series,
  ...rest,
})

const style = { colour: 0, dash: 'solid', marker: 'circle' } as const
const one = (points: Chart['series'][number]['points'], short = 'v3') => ({
  label: 'Inception-v3',
  short,
  style,
  points,
})

test('a chart names itself and describes its curves', () => {
  const figure = errorFigures(sample)[0]!
  const svg = lineChart(figure.charts[0]!)
  assertWellFormed(svg)
  assert.match(svg, /role="img" aria-label="Figure 8: [^"]+, by epoch" aria-describedby="figure-8-by-epoch-desc"/)
  assert.match(svg, /<desc[^>]*>Inception-v3: \d+\.\d % at epoch 1, \d+\.\d % at epoch 20\. Inception-ResNet-v1: /)
  assert.match(svg, />IR-v1 26\.2 %</)
})

test('figures 8 to 11: pairs by top-1, all four by top-5 and top-1', () => {
  const figures = errorFigures(sample)
  assert.deepEqual(
    figures.map(f => [f.id, f.title, f.charts[0]!.series.length]),
    [
      ['figure-8', 'Figure 8: Top-1 error, Inception-v3 vs Inception-ResNet-v1', 2],
      ['figure-9', 'Figure 9: Top-1 error, Inception-v4 vs Inception-ResNet-v2', 2],
      ['figure-10', 'Figure 10: Top-5 error, all networks', 4],
      ['figure-11', 'Figure 11: Top-1 error, all networks', 4],
    ],
  )
  const styles = figures[3]!.charts[0]!.series.map(s => s.style)
  assert.equal(new Set(styles.map(s => s.colour)).size, 4)
  assert.equal(new Set(styles.map(s => s.marker)).size, 4)
  const time = figures[0]!.charts[1]!
  assert.equal(time.x.label, 'training time, minutes')
  assert.equal(time.series[0]!.points.at(-1)!.x.toFixed(4), ((20 * 12.4) / 60).toFixed(4))
})

test('hours and seconds are chosen by the length of the run', () => {
  const paced = (network: NetworkResult, seconds: number) => ({
    runs: network.runs.map(each => ({
      ...each,
      epochs: each.epochs.map(e => ({ ...e, seconds: e.epoch * seconds })),
    })),
  })
  const [first] = sample.networks
  const long = withNetwork('inception-v3', paced(first!, 3600))
  assert.equal(errorFigures(long)[0]!.charts[1]!.x.label, 'training time, hours')
  const short = { ...sample, networks: sample.networks.map(n => ({ ...n, ...paced(n, 1) })) }
  assert.equal(errorFigures(short)[0]!.charts[1]!.x.label, 'training time, seconds')
})

test('the band spans the seeds, or is Wilson’s interval of one, and the caption says which', () => {
  const several = errorFigures(sample)[0]!
  const { errors } = { errors: sample.networks[0]!.runs.map(r => r.epochs[4]!.top1Error!) }
  const point = several.charts[0]!.series[0]!.points[4]!
  assert.deepEqual([point.low, point.high], [Math.min(...errors), Math.max(...errors)])
  assert.equal(point.y.toFixed(9), (errors.reduce((sum, e) => sum + e, 0) / 3).toFixed(9))
  assert.match(several.caption, /means over 3 seeds; the shade spans the best and the worst/)
  const single = errorFigures(oneSeed)[0]!
  const alone = single.charts[0]!.series[0]!.points[4]!
  assert.ok(alone.low! < alone.y && alone.y < alone.high!)
  assert.match(single.caption, /95 % interval .* \(Wilson\), one seed/)
})

test('a network whose second seed was not begun keeps its curve', () => {
  const [first, second] = sample.networks[0]!.runs
  const stopped = withNetwork('inception-v3', { runs: [first!, { ...second!, epochs: [] }] })
  assert.equal(errorFigures(stopped)[0]!.charts[0]!.series[0]!.points.length, 20)
})

test('one point, equal points, zeros and nothing at all still make a chart', () => {
  for (const series of [
    [one([{ x: 1, y: 0.5 }])],
    [one([{ x: 0, y: 0 }])],
    [
      one([
        { x: 1, y: 0 },
        { x: 2, y: 0 },
      ]),
    ],
    [
      one([
        { x: 1, y: 1 },
        { x: 1, y: 1 },
      ]),
    ],
    [
      one([
        { x: Number.NaN, y: 0.5 },
        { x: 2, y: Number.POSITIVE_INFINITY },
      ]),
    ],
    [one([])],
    [],
  ])
    for (const whole of [true, false]) {
      const svg = lineChart(chart(series, { x: { label: 'x', unit: 'epochs', whole } }))
      assertWellFormed(svg)
      assert.doesNotMatch(svg, /NaN|Infinity|undefined/)
      assert.equal(svg.includes('no data'), !series.some(s => s.points.some(p => p.x >= 0 && p.y <= 1)))
    }
})

test('any finite curves: well-formed, inside the frame, at most a readable number of ticks', () => {
  const point = fc.record({
    x: fc.double({ min: 0, max: 1e6, noNaN: true }),
    y: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  const scale = fc.constantFrom('percent' as const, 'number' as const, 'log' as const)
  fc.assert(
    fc.property(
      fc.array(fc.array(point, { maxLength: 30 }), { maxLength: 6 }),
      fc.boolean(),
      scale,
      (curves, whole, scale) => {
        const svg = lineChart(
          chart(
            curves.map((points, i) => ({ ...one(points, `s${i}`), style: { ...style, colour: i } })),
            { x: { label: 'x', unit: 'epochs', whole }, y: { label: 'y', scale } },
          ),
        )
        assertWellFormed(svg)
        assert.doesNotMatch(svg, /NaN|Infinity|undefined|\d+e[-+]\d/)
        const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!
        for (const [, x, y] of svg.matchAll(/<text [^>]*x="([-\d.]+)" y="([-\d.]+)"/g)) {
          assert.ok(Number(x) >= 0 && Number(x) <= Number(width), `x ${x}`)
          assert.ok(Number(y) >= 0 && Number(y) <= Number(height), `y ${y}`)
        }
        assert.ok([...svg.matchAll(/<text /g)].length < 40)
      },
    ),
    { seed: 1, numRuns: 200 },
  )
})

test('a logarithmic axis has whole powers of ten, and leaves out what it cannot show', () => {
  const svg = lineChart(
    chart(
      [
        one([
          { x: 1, y: 0 },
          { x: 2, y: 0.02 },
          { x: 3, y: 3e7 },
        ]),
      ],
      { y: { label: 'ratio', scale: 'log' } },
    ),
  )
  const words = [...svg.matchAll(/text-anchor="end">([^<]+)</g)].map(([, text]) => text)
  assert.deepEqual(words, ['0.01', '1', '100', '10,000', '10⁶', '10⁸'])
  assert.match(svg, /&quot;epoch 3&quot;,&quot;3×10⁷&quot;/)
  assert.doesNotMatch(svg, /epoch 1&quot;/)
})

test('what the script reads out stands in the chart: place, coordinates in words, interval', () => {
  const svg = lineChart(chart([one([{ x: 2, y: 0.24, low: 0.2, high: 0.3 }])]))
  const readout = JSON.parse(/data-readout="([^"]+)"/.exec(svg)![1]!.replaceAll('&quot;', '"'))
  const [[x, y, ...said]] = readout.series[0].points
  assert.deepEqual(said, ['epoch 2', '24.0 %', '(20.0 – 30.0)'])
  assert.ok(x > readout.plot.left && x < readout.plot.right && y > readout.plot.top && y < readout.plot.bottom)
  assert.deepEqual([readout.series[0].label, readout.series[0].colour], ['v3', 0])
})

test('a figure has one legend entry a series, and says where there is no data', () => {
  const html = figureHtml({
    id: 'f',
    title: 'F',
    caption: 'C',
    charts: [chart([one([]), one([{ x: 1, y: 0.5 }])]), chart([one([]), one([])], { id: 'b' })],
  })
  assertWellFormed(html)
  assert.deepEqual(
    [...html.matchAll(/<button[^>]*data-series="(\d)"[^>]*>.*?<span>([^<]*)</g)].map(([, i, label]) => [i, label]),
    [
      ['0', 'Inception-v3 (no data)'],
      ['1', 'Inception-v3'],
    ],
  )
})

test('end labels keep their distance and stay inside', () => {
  assert.deepEqual(separate([50, 51, 200], 16, 0, 250), [42.5, 58.5, 200])
  assert.deepEqual(separate([249, 250], 16, 0, 250), [234, 250])
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 250, noNaN: true }), { maxLength: 10 }), wanted => {
      const places = separate(wanted, 16, 0, 250)
      const sorted = [...places].sort((a, b) => a - b)
      for (let i = 1; i < sorted.length; i++) assert.ok(sorted[i]! - sorted[i - 1]! >= 16 - 1e-6)
      for (const y of places) assert.ok(y >= -1e-6 && y <= 250 + 1e-6)
      for (let i = 0; i < wanted.length; i++)
        for (let j = 0; j < wanted.length; j++) if (wanted[i]! < wanted[j]!) assert.ok(places[i]! < places[j]!)
    }),
    { seed: 1 },
  )
})

test('ticks are round and enclose the range', () => {
  assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1])
  assert.deepEqual(ticks(1, 20, 6, true), [0, 5, 10, 15, 20])
  assert.deepEqual(ticks(1, 3, 6, true), [1, 2, 3])
})

test('curve colours are legible as text on their backgrounds', () => {
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5]
      .map(i => Number.parseInt(hex.slice(i, i + 2), 16) / 255)
      .map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const contrast = (a: string, b: string) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
    return (high! + 0.05) / (low! + 0.05)
  }
  for (const colour of lightColours) assert.ok(contrast(colour, '#ffffff') >= 4.5, colour)
  for (const colour of darkColours) assert.ok(contrast(colour, '#1d1f23') >= 4.5, colour)
})
