// The picture of docs/images that shows an exported web page with an image that it has classified, by headless Chromium.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { Browser, findChromium } from '../dist/test/chromium.js'
import { StaticServer } from '../dist/test/export/static-server.js'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const [checkpoint, image, out = path.join(root, 'docs', 'images', 'web-page.png')] = process.argv.slice(2)

function fail(message) {
  console.error(`web-screenshot: ${message}`)
  process.exit(2)
}

if (image === undefined) fail("give a checkpoint and an image: 'node scripts/web-screenshot.mjs CHECKPOINT IMAGE'")
const chromium = findChromium()
if (!chromium) fail("Chromium cannot be started: 'apt-get install chromium', or name the program in $CHROMIUM")

const folder = mkdtempSync(path.join(os.tmpdir(), 'web-page-'))
const command = [path.join(root, 'dist/src/cli/main.js'), 'export', checkpoint, '--to', 'web', '--out', folder]
if (spawnSync(process.execPath, command, { stdio: 'inherit' }).status !== 0) process.exit(1)
const server = await StaticServer.start(folder)
const browser = await Browser.start(chromium)
try {
  await browser.open(server.page, { width: 1100, height: 820 })
  await browser.choose('#file', [path.resolve(image)])
  await browser.until("document.querySelector('#labels li') && !document.querySelector('[aria-busy]')")
  await browser.value('Promise.all(document.getAnimations().map(each => each.finished)).then(() => true)')
  const png = await browser.screenshot()
  // Few colours are enough for a page, and keep the file small.
  writeFileSync(out, await sharp(png).png({ palette: true, colours: 192, compressionLevel: 9, effort: 10 }).toBuffer())
  console.log(out)
} finally {
  await browser[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
}
