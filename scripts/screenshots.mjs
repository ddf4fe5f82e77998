// Pictures for the documentation of a study's report, in a light page, a dark one and on a phone, by headless Chromium.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { Browser, findChromium } from '../dist/test/chromium.js'

const images = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'docs', 'images')
const [folder, out = images] = process.argv.slice(2)

function fail(message) {
  console.error(`screenshots: ${message}`)
  process.exit(2)
}

if (folder === undefined) fail("give the folder of a study: 'node scripts/screenshots.mjs runs/quick'")
const report = path.resolve(folder, 'report.html')
if (!existsSync(report)) fail(`no report in ${folder}: 'npx inception reproduce --out ${folder}' writes one`)
const chromium = findChromium()
if (!chromium) fail("Chromium cannot be started: 'apt-get install chromium', or name the program in $CHROMIUM")

/** The top of the element less some room, in the page. */
const topOf = selector =>
  `(() => { const e = document.querySelector('${selector}'); return e ? e.getBoundingClientRect().top + scrollY : 0 })()`

/** Reads out the middle of the first chart, so that the picture shows what pointing at it does. */
const point = `(() => {
  const svg = document.querySelector('.chart svg')
  const box = svg?.getBoundingClientRect()
  return box ? [box.left + 0.4 * box.width, box.top + 0.4 * box.height] : undefined
})()`

/** Few colours are enough for a page, and keep the file small. */
async function save(name, png) {
  const file = path.join(out, name)
  writeFileSync(file, await sharp(png).png({ palette: true, colours: 192, compressionLevel: 9, effort: 10 }).toBuffer())
  console.log(file)
}

mkdirSync(out, { recursive: true })
const browser = await Browser.start(chromium)
try {
  const views = [
    ['report-light.png', { width: 1180, height: 1700, scheme: 'light' }, 'h1', 1700],
    ['report-dark.png', { width: 1180, height: 1000, scheme: 'dark' }, '#figures', 1000],
    ['report-phone.png', { width: 390, height: 844, scheme: 'light', scale: 2, touch: true }, '.plots', 844],
  ]
  for (const [name, view, selector, height] of views) {
    await browser.open(report, view)
    const room = name === 'report-light.png' ? 80 : 8
    const y = Math.max(0, (await browser.value(topOf(selector))) - room)
    await browser.value(`scrollTo(0, ${y})`)
    const place = await browser.value(point)
    if (place && place[1] < height) await (view.touch ? browser.tap(...place) : browser.moveMouse(...place))
    await save(name, await browser.screenshot())
  }
} finally {
  await browser[Symbol.asyncDispose]()
}
