import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { after } from 'node:test'
import { errorFigures } from '../../src/study/report/error-figures.js'
import { renderReport } from '../../src/study/report/report.js'
import { Browser, findChromium, type View } from '../chromium.js'
import { temporaryFolder } from '../training/tiny-run.js'
import { interrupted, sample, thousandClasses } from './sample.js'

const program = findChromium()
const skip = program === undefined && "no Chromium: 'apt-get install chromium', or name one in $CHROMIUM"
const folder = temporaryFolder()
const desk: View = { width: 1200, height: 900 }
const phone: View = { width: 360, height: 740, touch: true }

const written = (name: string, html: string): string => {
  const file = path.join(folder, name)
  writeFileSync(file, html)
  return file
}
const report = written('report.html', renderReport(sample))

/** The place in the window of a point of the first chart's first series, which is scrolled into view. */
const placeOf = (point: number) => `(() => {
  const svg = document.querySelector('.chart svg[data-readout]')
  svg.scrollIntoView({ block: 'center' })
  const frame = svg.getBoundingClientRect()
  const [x, y] = JSON.parse(svg.dataset.readout).series[0].points[${point}]
  const scale = frame.width / svg.viewBox.baseVal.width
  return [frame.left + x * scale, frame.top + (y - 5) * scale]
})()`
const readout = `(() => {
  const output = document.querySelector('.chart .readout')
  return output.hidden ? null : [...output.children].map(line => line.textContent)
})()`

/** What the first chart of the report has to read out at an epoch. */
function expected(epoch: number): string[] {
  const { series } = errorFigures(sample)[0]!.charts[0]!
  return [
    `epoch ${epoch}`,
    ...series.map(({ short, points }) => {
      const { y, low, high } = points[epoch - 1]!
      const percent = (value: number) => (100 * value).toFixed(1)
      return `${short} ${percent(y)} % (${percent(low!)} – ${percent(high!)})`
    }),
  ]
}

const browser = program === undefined ? undefined : await Browser.start(program)
after(() => browser?.[Symbol.asyncDispose]())

/** Opens a page and uses it; it must not complain of anything. */
async function inBrowser(file: string, view: View, use: (browser: Browser) => Promise<void>): Promise<void> {
  await browser!.open(file, view)
  await use(browser!)
  assert.deepEqual(browser!.complaints, [])
}

test('pointing at a chart reads every visible series; leaving it stops', { skip }, () =>
  inBrowser(report, desk, async browser => {
    const [x, y] = await browser.value<[number, number]>(placeOf(6))
    assert.equal(await browser.value(readout), null)
    await browser.moveMouse(x, y)
    assert.deepEqual(await browser.value(readout), expected(7))
    await browser.moveMouse(x, 1)
    assert.equal(await browser.value(readout), null)
  }),
)

test('arrow keys read a chart that has the focus', { skip }, () =>
  inBrowser(report, desk, async browser => {
    await browser.value("document.querySelector('.chart').focus()")
    await browser.press('ArrowRight')
    assert.deepEqual(await browser.value(readout), expected(1))
    await browser.press('ArrowRight')
    assert.deepEqual(await browser.value(readout), expected(2))
    await browser.press('End')
    assert.deepEqual(await browser.value(readout), expected(20))
    await browser.press('Escape')
    assert.equal(await browser.value(readout), null)
  }),
)

test('an entry of the legend hides its series in every chart of the figure, and shows it again', { skip }, () =>
  inBrowser(report, desk, async browser => {
    const shown = `[...document.querySelectorAll('#figure-8 g[data-series="0"]')].filter(g => g.getBBox().width > 0 && getComputedStyle(g).display !== 'none').length`
    const all = await browser.value<number>(shown)
    assert.ok(all >= 6)
    const [x, y] = await browser.value<[number, number]>(`(() => {
      const button = document.querySelector('#figure-8 .legend button')
      button.scrollIntoView({ block: 'center' })
      const frame = button.getBoundingClientRect()
      return [frame.left + frame.width / 2, frame.top + frame.height / 2]
    })()`)
    const pressed = "document.querySelector('#figure-8 .legend button').getAttribute('aria-pressed')"
    await browser.click(x, y)
    assert.equal(await browser.value(shown), 0)
    assert.equal(await browser.value(pressed), 'false')
    const others = `document.querySelectorAll('#figure-9 g[hidden], #figure-8 g[data-series="1"][hidden]').length`
    assert.equal(await browser.value(others), 0)
    const place = await browser.value<[number, number]>(placeOf(6))
    await browser.moveMouse(...place)
    assert.deepEqual(
      await browser.value(readout),
      expected(7).filter((_, line) => line !== 1),
    )
    await browser.value("document.querySelector('#figure-8 .legend button').click()")
    assert.equal(await browser.value(shown), all)
    assert.deepEqual(await browser.value(readout), expected(7))
  }),
)

test('a finger on a chart reads it', { skip }, () =>
  inBrowser(report, phone, async browser => {
    await browser.tap(...(await browser.value<[number, number]>(placeOf(11))))
    assert.deepEqual(await browser.value(readout), expected(12))
  }),
)

test('no page is wider than a phone, nor does a readout leave its chart', { skip }, async () => {
  for (const result of [sample, interrupted, thousandClasses])
    await inBrowser(written('page.html', renderReport(result)), phone, async browser => {
      await browser.value("document.querySelectorAll('details').forEach(each => { each.open = true })")
      assert.equal(await browser.value('document.documentElement.scrollWidth'), 360)
      const outside = await browser.value(`[...document.querySelectorAll('.chart')].filter(box => {
        if (!box.querySelector('.readout')) return false
        box.focus()
        box.dispatchEvent(new KeyboardEvent('keydown', { key: 'End' }))
        const [a, b] = [box.querySelector('.readout').getBoundingClientRect(), box.getBoundingClientRect()]
        return a.width === 0 || a.left < b.left - 1 || a.right > b.right + 1
      }).length`)
      assert.equal(outside, 0)
    })
})

test('the page follows the reader’s light or dark, and is light on paper', { skip }, async () => {
  const background = 'getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every(n => n > 200)'
  for (const [view, light] of [
    [{ ...desk, scheme: 'light' }, true],
    [{ ...desk, scheme: 'dark' }, false],
    [{ ...desk, scheme: 'dark', media: 'print' }, true],
  ] as const)
    await inBrowser(report, view, async browser => assert.equal(await browser.value(background), light))
})
