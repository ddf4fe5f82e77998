// Draws a trace of `inception inspect NETWORK --train --trace FILE`, of one replica or several, as a picture:
// node scripts/trace-picture.mjs step.json docs/images/step-of-replicas.png
import { readFileSync } from 'node:fs'
import sharp from 'sharp'

const [file, picture] = process.argv.slice(2)
if (picture === undefined) {
  console.error('usage: node scripts/trace-picture.mjs TRACE.json PICTURE.png')
  process.exit(2)
}
const { traceEvents } = JSON.parse(readFileSync(file, 'utf8'))
const spans = traceEvents.flatMap(event => {
  if (event.ph === 'X') return [{ ...event, lane: 0 }]
  if (event.ph !== 'b') return []
  const end = traceEvents.find(other => other.ph === 'e' && other.id === event.id)
  return [{ ...event, dur: end.ts - event.ts, lane: 1 }]
})
const replicas = [...new Set(spans.map(({ pid }) => pid))].sort((a, b) => a - b)
const titles = new Map(
  traceEvents.filter(({ name }) => name === 'process_name').map(each => [each.pid, each.args.name]),
)
const last = Math.max(...spans.map(({ ts, dur }) => ts + dur))

const [width, left, right, top, laneHeight, gap] = [1400, 20, 20, 30, 30, 38]
const bandHeight = 2 * laneHeight + 6 + gap
const x = time => left + (time / last) * (width - left - right)
const height = top + replicas.length * bandHeight + 30

const colours = [
  ['allReduceEnd', '#c0392b', 'waiting for a sum'],
  ['allReduceBegin', '#e39a2d', 'beginning a sum'],
  [/Backward/, '#4e79a7', 'backward'],
  [/^(rmsprop|momentumDescent|movingAverage|gradientNorms|clipFactor)$/, '#59a14f', 'norms, update, averages'],
  [/^sum over/, '#b07aa1', 'a sum under way'],
  [/./, '#9aa5b1', 'forward'],
]
const kindOf = name => colours.findIndex(([what]) => (typeof what === 'string' ? what === name : what.test(name)))
const escaped = text => text.replace(/[&<]/g, sign => (sign === '&' ? '&amp;' : '&lt;'))
const text = (px, py, words, size = 15) =>
  `<text x="${px}" y="${py}" font-family="sans-serif" font-size="${size}" fill="#1d2733">${escaped(words)}</text>`

const bands = replicas.map((pid, i) => {
  const y = top + i * bandHeight
  const own = spans.filter(span => span.pid === pid)
  const end = Math.max(...own.map(({ ts, dur }) => ts + dur))
  const bars = own.map(({ ts, dur, name, lane }) => {
    const to = Math.max(x(ts + dur), x(ts) + 0.4)
    return `<rect x="${x(ts).toFixed(2)}" y="${y + 8 + lane * (laneHeight + 4)}" width="${(to - x(ts)).toFixed(2)}" height="${laneHeight}" fill="${colours[kindOf(name)][1]}" fill-opacity="${lane ? 0.6 : 1}"/>`
  })
  return text(left, y, `${titles.get(pid)}; ${(end / 1000).toFixed(0)} ms`) + bars.join('')
})
const used = colours.filter((_, kind) => spans.some(({ name }) => kindOf(name) === kind))
const legend = used.map(([, colour, words], i) => {
  const at = left + i * 228
  return `<rect x="${at}" y="${height - 28}" width="14" height="14" fill="${colour}"/>${text(at + 20, height - 16, words, 13)}`
})
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="#fff"/>${bands.join('')}${legend.join('')}</svg>`
await sharp(Buffer.from(svg)).png({ palette: true }).toFile(picture)
