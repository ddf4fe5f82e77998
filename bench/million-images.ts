// One epoch of training's batches over a class folder of very many images, and the memory of the processes meanwhile
// (Linux: what each has resident, a part of what it shares with others).
//     node dist/bench/million-images.js [images] [--json]
// The files are hard links to a few hundred small JPEGs, in a folder beside the system's temporary ones that is removed
// at the end. Fails where an image does not come exactly once, or the memory grows after the first tenth of the epoch.

import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { formatBytes, formatCount, formatPercent, formatTable } from '../src/base/format.js'
import { RandomStream } from '../src/base/random.js'
import { openSplit } from '../src/data/class-folder.js'
import { Loader } from '../src/data/loader.js'
import { sharp } from '../src/data/sharp.js'
import { describeMachine } from '../src/study/machine.js'

const classes = 1000
const pictures = 500
const side = 32
const batch = 256
/** Soon full, so that what grows afterwards is something else. */
const cacheBytes = 32 * 2 ** 20
/** Of the resident memory after a tenth of the epoch: the garbage collector's own ups and downs. */
const growthAllowed = 0.1

const json = process.argv.includes('--json')
const [wanted = '1000000'] = process.argv.slice(2).filter(word => !word.startsWith('--'))
const images = Number(wanted)
if (!Number.isSafeInteger(images) || images < 10 * batch) {
  console.error(`give a whole number of images, at least ${10 * batch}, not ${wanted}`)
  process.exit(2)
}

interface Reading {
  readonly when: string
  readonly seconds: number
  readonly resident: number
  readonly heap: number
}

const begin = performance.now()
const readings: Reading[] = []
function read(when: string): Reading {
  const { pid } = process
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  const resident = [pid, ...children].reduce<number>((sum, of) => sum + residentOf(of), 0)
  const seconds = (performance.now() - begin) / 1000
  const reading = { when, seconds, resident, heap: process.memoryUsage().heapUsed }
  readings.push(reading)
  console.error(`${when}: ${formatBytes(resident)} resident after ${seconds.toFixed(0)} s`)
  return reading
}

/** Bytes; of a page that n processes share an n-th. */
function residentOf(pid: number | string): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
  return Number(kilobytes) * 1024
}

async function writeImages(folder: string) {
  const random = new RandomStream(1, 'million images')
  mkdirSync(path.join(folder, 'pictures'))
  const place = (picture: number) => path.join(folder, 'pictures', `${picture}.jpg`)
  for (let picture = 0; picture < pictures; picture++) {
    const rgb = Uint8Array.from({ length: 6 * 4 * 3 }, () => random.integer(256))
    const small = sharp(rgb, { raw: { width: 6, height: 4, channels: 3 } })
    await small.resize(60, 40).jpeg().toFile(place(picture))
  }
  for (let label = 0; label < classes; label++)
    mkdirSync(path.join(folder, 'train', nameOf(label)), { recursive: true })
  for (let image = 0; image < images; image++)
    linkSync(
      place(image % pictures),
      path.join(folder, 'train', nameOf(image % classes), `${nameOf(image % classes)}_${image}.JPEG`),
    )
}

/** As long as ImageNet's. */
const nameOf = (label: number) => `n${String(label).padStart(8, '0')}`

async function epoch(folder: string) {
  const before = read('at the start').resident
  const set = await openSplit(path.join(folder, 'train'))
  const opened = read('images listed').resident
  await using loader = new Loader(set, {
    batch,
    preprocessing: { kind: 'train', size: side, colour: 'fast' },
    seed: 1,
    workers: 2,
    badImages: 'error',
    cacheBytes,
  })
  const seen = new Uint8Array(images)
  let taken = 0
  for await (const { indices } of loader.steps(0, Math.ceil(images / batch))) {
    const tenth = Math.floor((taken * 10) / images)
    for (const index of indices.subarray(0, Math.min(batch, images - taken))) seen[index]!++
    taken = Math.min(images, taken + batch)
    if (Math.floor((taken * 10) / images) > tenth) read(`${formatPercent(taken / images)} of the epoch`)
  }
  const once = seen.every(count => count === 1)
  return { listedBytesAnImage: (opened - before) / images, once, waited: loader.waitedSeconds }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-million-'))
try {
  await writeImages(folder)
  const { listedBytesAnImage, once } = await epoch(folder)
  const [first, last] = [readings[2]!, readings.at(-1)!]
  const growth = last.resident / first.resident - 1
  const imagesPerSecond = (images * 0.9) / (last.seconds - first.seconds)
  const machine = describeMachine('data loader')
  if (json)
    console.log(
      JSON.stringify({ images, listedBytesAnImage, growth, once, imagesPerSecond, readings, machine }, undefined, 2),
    )
  else {
    const rows = readings.map(({ when, seconds, resident, heap }) => [
      when,
      seconds.toFixed(0),
      formatBytes(resident),
      formatBytes(heap),
    ])
    console.log(formatTable(['', 'seconds', 'resident', "of it this thread's heap"], rows))
    console.log(
      `${formatCount(images)} images: ${listedBytesAnImage.toFixed(0)} bytes each to list them; ${imagesPerSecond.toFixed(0)} images/s; ${once ? 'each came once' : 'NOT each came once'}; the memory grew by ${formatPercent(growth)} after the first tenth`,
    )
  }
  if (!once || growth > growthAllowed) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
