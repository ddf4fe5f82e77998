import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { after } from 'node:test'
import { decodeImage, type RgbImage } from '../../src/data/decode.js'
import { resample } from '../../src/data/resample.js'
import { browserModules } from '../../src/export/web/browser-modules.js'
import { Browser, findChromium, type View } from '../chromium.js'
import { assertDone, assertRefused, inception } from '../cli/inception.js'
import { pipeline } from '../data/picture.js'
import { temporaryFolder, tinyModel } from '../training/tiny-run.js'
import { StaticServer } from './static-server.js'
import { ownProbabilities, picture, writeTellingCheckpoint } from './telling-checkpoint.js'

const program = findChromium()
const skip = program === undefined && "no Chromium: 'apt-get install chromium', or name one in $CHROMIUM"
const folder = temporaryFolder()
const place = (name: string) => path.join(folder, name)
const names = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox']
const desk: View = { width: 1200, height: 900 }
const phone: View = { width: 360, height: 740, touch: true }

/** A tiny network that is evaluated on this crop, as a page and its server. */
async function pageOf(crop: 'slim' | 'timm') {
  const checkpoint = place(`${crop}.safetensors`)
  writeTellingCheckpoint(checkpoint, { ...tinyModel, classes: names.length }, names, crop)
  assertDone(await inception(['export', checkpoint, '--to', 'web', '--out', place(crop)]))
  return { checkpoint, folder: place(crop), server: await StaticServer.start(place(crop)) }
}

const pages = { slim: await pageOf('slim'), timm: await pageOf('timm') }
const browser = program === undefined ? undefined : await Browser.start(program)
const watching =
  program === undefined
    ? undefined
    : await Browser.start(program, [
        '--use-fake-device-for-media-stream',
        '--host-resolver-rules=MAP other.test 127.0.0.1',
      ])
after(async () => {
  for (const { server } of Object.values(pages)) await server[Symbol.asyncDispose]()
  for (const each of [browser, watching]) await each?.[Symbol.asyncDispose]()
})

/** Opens a page, where it is not open already, and waits until its network is loaded or cannot be. */
async function opened(url: URL, { view = desk, window = browser! } = {}): Promise<Browser> {
  window.complaints.length = 0
  if ((await window.value('location.href')) !== url.href) await window.open(url, view)
  await window.until("document.getElementById('loading').hidden")
  return window
}

const text = (id: string) => `document.getElementById('${id}').textContent`
const settled = `!document.querySelector('[aria-busy]') && (document.querySelector('#labels li') || ${text('message')})`

/** What the page says of an image, by class. */
const shown = (window: Browser) =>
  window.value<[string, number][]>(
    `[...document.querySelectorAll('#labels li')].map(line => [line.querySelector('span').textContent, Number(line.querySelector('data').value)])`,
  )

/** Checks that the page shows the five most probable classes, with their probabilities as this program has them. */
async function assertShows(window: Browser, checkpoint: string, image: RgbImage, tolerance: number): Promise<void> {
  await window.until(settled)
  const [own] = ownProbabilities(checkpoint, [image])
  const got = await shown(window)
  const wanted = names.map((name, i) => [name, own![i]!] as const).sort((a, b) => b[1] - a[1])
  assert.equal(got.length, 5)
  assert.equal(got[0]![0], wanted[0]![0])
  for (const [name, probability] of got) {
    const known = wanted.find(([other]) => other === name)![1]
    assert.ok(Math.abs(probability - known) <= tolerance, `${name}: ${probability} in the page, ${known} here`)
  }
}

const landscape = resample(picture(1, 120), 160, 96, 'bicubic')
const portrait = resample(picture(2, 120), 90, 130, 'bicubic')

for (const crop of ['slim', 'timm'] as const)
  test(`an image that is chosen gets the probabilities of this program, on ${crop}'s crop`, { skip }, async () => {
    const { checkpoint, server } = pages[crop]
    const window = await opened(server.page)
    for (const [i, image] of [landscape, portrait, picture(3, 75), picture(5, 30)].entries()) {
      const file = place(`${i}.png`)
      writeFileSync(file, await pipeline(image).png().toBuffer())
      await window.value("document.getElementById('labels').replaceChildren()")
      await window.choose('#file', [file])
      await assertShows(window, checkpoint, image, 1e-5)
      assert.equal(await window.value("document.getElementById('picture').alt"), `${i}.png`)
    }
    assert.match(await window.value(text('status')), /^[a-z]{3}, \d+\.\d %$/)
    assert.match(await window.value(text('facts')), /^6 classes · 75 × 75 pixels · 1 thread$/)
    // Errors, breaches of the page's policy, and requests to anywhere else, of the page and of its worker.
    assert.deepEqual(window.complaints, [])
    assert.ok(window.requests.some(url => url === `${server.page}model.onnx`))
  })

/** Drops files on the page, or pastes them. */
const give = (event: 'drop' | 'paste', files: readonly { name: string; type: string; bytes: Uint8Array }[]) => `(() => {
  const given = new DataTransfer()
  for (const { name, type, bytes } of ${JSON.stringify(files.map(file => ({ ...file, bytes: Buffer.from(file.bytes).toString('base64') })))})
    given.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name, { type }))
  document.getElementById('labels').replaceChildren()
  document.body.dispatchEvent(${
    event === 'drop'
      ? "new DragEvent('drop', { dataTransfer: given, bubbles: true, cancelable: true })"
      : "new ClipboardEvent('paste', { clipboardData: given, bubbles: true, cancelable: true })"
  })
})()`

const png = async (image: RgbImage) => new Uint8Array(await pipeline(image).png().toBuffer())

test('images can be dropped and pasted; of several the first is taken, and the page says so', { skip }, async () => {
  const { checkpoint, server } = pages.timm
  const window = await opened(server.page)
  const file = { name: 'a.png', type: 'image/png', bytes: await png(landscape) }
  await window.value(give('drop', [file, { ...file, name: 'b.png' }]))
  assert.equal(await window.value(text('message')), 'Only the first of the 2 files is shown.')
  await assertShows(window, checkpoint, landscape, 1e-5)
  await window.value(give('paste', [{ ...file, bytes: await png(portrait) }]))
  await assertShows(window, checkpoint, portrait, 1e-5)
  assert.equal(await window.value(text('message')), '')
  assert.deepEqual(window.complaints, [])
})

test('what is no image is named, and the page goes on', { skip }, async () => {
  const { checkpoint, server } = pages.timm
  const window = await opened(server.page)
  await window.value(give('drop', [{ name: 'notes.txt', type: 'text/plain', bytes: Buffer.from('no image') }]))
  await window.until(settled)
  assert.equal(await window.value(text('message')), 'notes.txt is no image that this browser can read.')
  const cut = (await png(landscape)).subarray(0, 60)
  await window.value(give('drop', [{ name: 'cut.png', type: 'image/png', bytes: cut }]))
  await window.until(`${text('message')}.startsWith('cut.png is no image')`)
  await window.value(give('drop', []))
  assert.match(await window.value(text('message')), /^That is no file/)
  await window.value(give('drop', [{ name: 'a.png', type: 'image/png', bytes: await png(landscape) }]))
  await assertShows(window, checkpoint, landscape, 1e-5)
  assert.deepEqual(window.complaints, [])
})

test('orientation, colour profiles and transparency are read as this program reads them', { skip }, async () => {
  const { checkpoint, server } = pages.timm
  const window = await opened(server.page)
  const half = pipeline(landscape).ensureAlpha(0.5)
  const forms = {
    // JPEG's decoders differ in the last bits, and so does the mixing with white.
    turned: [await pipeline(landscape).jpeg({ quality: 95 }).withMetadata({ orientation: 6 }).toBuffer(), 0.02],
    profile: [await pipeline(landscape).png().keepMetadata().withIccProfile('p3').toBuffer(), 1e-5],
    transparent: [await half.png().toBuffer(), 0.02],
    grey: [await pipeline(landscape).greyscale().png().toBuffer(), 1e-5],
  } as const
  for (const [name, [bytes, tolerance]] of Object.entries(forms)) {
    await window.value(give('drop', [{ name, type: '', bytes }]))
    await assertShows(window, checkpoint, await decodeImage(bytes), tolerance)
  }
  assert.deepEqual(window.complaints, [])
})

test('a page that its server isolates uses threads, with the same probabilities', { skip }, async () => {
  const { checkpoint, folder } = pages.slim
  await using server = await StaticServer.start(folder, { isolated: true })
  const window = await opened(server.page)
  const threads = await window.value<number>('Math.min(navigator.hardwareConcurrency, 8)')
  assert.match(await window.value(text('facts')), threads === 1 ? /1 thread$/ : new RegExp(`${threads} threads$`))
  await window.value(give('drop', [{ name: 'a.png', type: 'image/png', bytes: await png(portrait) }]))
  await assertShows(window, checkpoint, portrait, 1e-5)
  assert.deepEqual(window.complaints, [])
})

test('the page is reached by keyboard, and is no wider than a phone', { skip }, async () => {
  const window = await opened(pages.timm.server.page, { view: phone, window: watching! })
  await window.value(give('drop', [{ name: 'a.png', type: 'image/png', bytes: await png(landscape) }]))
  await window.until(settled)
  assert.equal(await window.value('document.documentElement.scrollWidth'), 360)
  const reached: unknown[] = []
  await window.value('document.activeElement.blur()')
  for (let i = 0; i < 2; i++) {
    await window.press('Tab')
    reached.push(await window.value('document.activeElement.id'))
  }
  assert.deepEqual(reached, ['file', 'camera'])
})

test('a page can load a smaller variant instead', { skip }, async () => {
  const { checkpoint } = pages.timm
  assertDone(await inception(['export', checkpoint, '--to', 'web', '--variant', 'fp16', '--out', place('fp16')]))
  assert.deepEqual(
    readdirSync(place('fp16')).filter(name => name.endsWith('.onnx')),
    ['model_fp16.onnx'],
  )
  await using server = await StaticServer.start(place('fp16'))
  const window = await opened(server.page)
  await window.value(give('drop', [{ name: 'a.png', type: 'image/png', bytes: await png(portrait) }]))
  await assertShows(window, checkpoint, portrait, 0.02)
  assert.deepEqual(window.complaints, [])
})

const cameraButton = "document.getElementById('camera')"

test('the camera is classified picture after picture until it is stopped', { skip }, async () => {
  const window = await opened(pages.timm.server.page, { view: phone, window: watching! })
  await window.permit('camera', 'granted')
  await window.value(`(${cameraButton}.click(), window.results = 0,
    new MutationObserver(() => results++).observe(document.getElementById('time'), { childList: true }))`)
  await window.until('results >= 3')
  assert.equal(await window.value(`${cameraButton}.textContent`), 'Stop the camera')
  assert.equal((await shown(window)).length, 5)
  await window.value(
    `(window.track = document.getElementById('video').srcObject.getTracks()[0], ${cameraButton}.click())`,
  )
  assert.equal(await window.value('track.readyState'), 'ended')
  assert.equal(await window.value(`${cameraButton}.textContent`), 'Use the camera')
  // An image takes the place of a running camera.
  await window.value(`${cameraButton}.click()`)
  await window.until(`${cameraButton}.textContent === 'Stop the camera'`)
  await window.value(give('drop', [{ name: 'a.png', type: 'image/png', bytes: await png(landscape) }]))
  await assertShows(window, pages.timm.checkpoint, landscape, 1e-5)
  assert.equal(await window.value("document.getElementById('video').srcObject"), null)
  assert.deepEqual(window.complaints, [])
})

test('a camera that is refused is spoken of in words', { skip }, async () => {
  const window = await opened(pages.timm.server.page, { view: phone, window: watching! })
  await window.permit('camera', 'denied')
  // A second press while the browser asks would start the camera twice.
  assert.equal(await window.value(`(${cameraButton}.click(), ${cameraButton}.disabled)`), true)
  await window.until(text('message'))
  assert.equal(await window.value(`${cameraButton}.disabled`), false)
  assert.match(await window.value(text('message')), /^The camera was refused: allow it/)
  assert.equal(await window.value(`${cameraButton}.textContent`), 'Use the camera')
  assert.deepEqual(window.complaints, [])
})

test('over plain HTTP from another machine the page classifies, and says why it gets no camera', { skip }, async () => {
  const { checkpoint, server } = pages.timm
  const url = new URL(server.page)
  url.hostname = 'other.test'
  const window = await opened(url, { window: watching! })
  assert.equal(await window.value('isSecureContext'), false)
  await window.value(`${cameraButton}.click()`)
  await window.until(text('message'))
  assert.match(await window.value(text('message')), /only to pages from https:\/\/ addresses or from localhost/)
  await window.value(give('drop', [{ name: 'a.png', type: 'image/png', bytes: await png(portrait) }]))
  await assertShows(window, checkpoint, portrait, 1e-5)
  assert.deepEqual(window.complaints, [])
})

test('opened as a file, the page says that it needs a server and how', { skip }, async () => {
  await browser!.open(path.join(pages.slim.folder, 'index.html'), desk)
  const words = await browser!.value<string>('document.body.innerText')
  assert.match(words, /This page was opened as a file[\s\S]*python3 -m http\.server 8000/)
  assert.doesNotMatch(words, /Choose an image/)
})

test('a model that is missing or cut short on the server is named', { skip }, async () => {
  const damaged = place('damaged')
  cpSync(pages.slim.folder, damaged, { recursive: true })
  await using server = await StaticServer.start(damaged)
  truncateSync(path.join(damaged, 'model.onnx'), 1000)
  for (const [address, message] of [
    ['?1', /^model\.onnx has 1000 bytes on this server and should have \d+: upload it again$/],
    ['?2', /^model\.json on this server is damaged: upload it again$/],
    ['?3', /^model\.json could not be loaded: the server answers 404$/],
  ] as const) {
    const window = await opened(new URL(address, server.page))
    assert.match(await window.value(text('message')), message)
    assert.equal(await window.value(`${cameraButton}.disabled`), true)
    if (address === '?1') truncateSync(path.join(damaged, 'model.json'), 10)
    else rmSync(path.join(damaged, 'model.json'), { force: true })
  }
})

test('a program that does not start is spoken of, and again where an image is given all the same', {
  skip,
}, async () => {
  const damaged = place('no-worker')
  cpSync(pages.slim.folder, damaged, { recursive: true })
  rmSync(path.join(damaged, 'app/export/web/app/worker.js'))
  await using server = await StaticServer.start(damaged)
  const window = await opened(server.page)
  const message = /^the page's program could not be started: reload the page/
  assert.match(await window.value(text('message')), message)
  await window.value(give('drop', [{ name: 'a.png', type: 'image/png', bytes: await png(landscape) }]))
  await window.until(settled)
  assert.match(await window.value(text('message')), message)
})

test('a model that is too far off is refused by an option that the page has', async () => {
  const args = ['export', pages.slim.checkpoint, '--to', 'web', '--out', place('off')]
  assertRefused(
    await inception([...args, '--bound', '1e-12']),
    1,
    /the bound is 1\.0e-12; nothing was written: .*--bound/,
  )
})

test('a folder that holds something is not written to', async () => {
  const ended = await inception(['export', pages.slim.checkpoint, '--to', 'web', '--out', pages.slim.folder])
  assertRefused(ended, 2, /slim is not empty: choose another folder/)
})

test('only modules that a browser can load go into a page', () => {
  const built = path.resolve(import.meta.dirname, '../../src')
  assert.throws(() => browserModules(built, ['data/decode.js']), /data\/decode\.js imports 'node:fs\/promises'/)
  const names = [...browserModules(built, ['data/image-views.js']).keys()]
  assert.ok(names.includes('data/resample.js') && names.includes('data/crops/timm.js'))
  assert.equal(
    readFileSync(path.join(pages.slim.folder, 'app/data/crops/timm.js'), 'utf8').includes('sourceMapping'),
    false,
  )
})
