import path from 'node:path'
import { formatBytes, formatCount, formatDuration } from '../../../../base/format.js'
import {
  describeQuarantine,
  expectOutside,
  notMovable,
  type QuarantineResult,
  quarantine,
} from '../../../../data/quarantine.js'
import { DecoderPool } from '../../../../data/verification/decoder-pool.js'
import { type NamedImages, openNamedImages } from '../../../../data/verification/images.js'
import { resumeVerification, writeVerification } from '../../../../data/verification/report.js'
import { nothingVerified, type Verification, verifyImages } from '../../../../data/verification/verify.js'
import { expectFilePlace } from '../../../../formats/atomic-file.js'
import { interruptSignal } from '../../../interrupt.js'
import { lookingThrough } from '../../../looking-through.js'
import { makeFolder } from '../../../output-places.js'
import { ProgressLine } from '../../../progress-line.js'
import { warn } from '../../../warn.js'
import type { Flags } from '../verify.js'

export async function verifyData(given: string, flags: Flags): Promise<void> {
  const folder = path.resolve(given)
  const images = await lookingThrough(options => openNamedImages(folder, { ...options, labels: flags.labels }))
  if (flags.quarantine !== undefined && !images.isFiles) throw notMovable(folder)
  prepare(folder, flags)
  const signal = interruptSignal('finishing the images under way')
  const from = flags.report === undefined ? nothingVerified(folder) : resumeVerification(flags.report, folder)
  if (from.images > 0) warn(`going on after ${formatCount(from.images)} images of ${flags.report}`)
  const found = await verify(images, from, flags, signal)
  const moved = flags.quarantine === undefined ? undefined : setAside(found, folder, flags.quarantine)
  console.log(flags.json ? JSON.stringify({ ...found, ...moved }, undefined, 2) : describe(found, moved, flags))
  if (!found.complete) {
    const goOn = flags.report === undefined ? 'with --report it could go on' : 'the same command goes on'
    warn(`interrupted after ${formatCount(found.images)} images; ${goOn}`)
    process.exitCode = 130
  } else if (found.bad.length + found.unread.length > 0) process.exitCode = 1
}

/** A crash of the machine costs no more of a long verification. */
const secondsBetweenReports = 30

function prepare(folder: string, { report, quarantine: into }: Flags): void {
  if (report !== undefined) {
    expectFilePlace(report)
    makeFolder(path.dirname(report))
  }
  if (into === undefined) return
  expectOutside(folder, into)
  makeFolder(into)
}

async function verify(
  images: NamedImages,
  from: Verification,
  { workers, timeLimit, report }: Flags,
  signal: AbortSignal,
) {
  const line = new ProgressLine(process.stderr)
  const start = performance.now()
  let [shown, written] = [start, start]
  await using pool = new DecoderPool({ workers, secondsAnImage: timeLimit })
  try {
    const found = await verifyImages({
      images: images.all(),
      pool,
      atOnce: 2 * workers,
      from,
      signal,
      progress: state => {
        const now = performance.now()
        if (now - shown < 200) return
        shown = now
        line.update(describeProgress(state(), from, (now - start) / 1000))
        if (report === undefined || now - written < secondsBetweenReports * 1000) return
        written = now
        writeVerification(report, state())
      },
    })
    if (report !== undefined) writeVerification(report, found)
    return found
  } finally {
    line.end()
  }
}

const describeProgress = ({ images, bad }: Verification, from: Verification, seconds: number): string =>
  `${formatCount(images)} images decoded, ${formatCount((images - from.images) / seconds)} a second, ${formatCount(bad.length)} bad`

function setAside({ bad }: Verification, folder: string, into: string): QuarantineResult {
  const located = bad.map(({ path: name, reason }) => ({ path: path.join(folder, name), reason }))
  return quarantine(folder, into, located)
}

/** Of the images of one oddity; all of them are in the report. */
const mostNamed = 3

function describe(found: Verification, moved: QuarantineResult | undefined, { quarantine: into }: Flags): string {
  const { folder, images, bytes, seconds, formats, oddities, bad, unread } = found
  const kinds = Object.entries(formats).map(([format, count]) => `${formatCount(count)} ${format}`)
  const lines = [
    `${folder}: ${formatCount(images)} images decoded, ${formatBytes(bytes)}, in ${formatDuration(seconds)}, ${formatCount(images / Math.max(seconds, 1e-3))} a second`,
    `sound: ${kinds.join(', ') || 'none'}`,
  ]
  for (const [oddity, files] of Object.entries(oddities)) {
    const more = files.length > mostNamed ? ', …' : ''
    lines.push(`${oddity}: ${formatCount(files.length)}: ${files.slice(0, mostNamed).join(', ')}${more}`)
  }
  for (const { path: name, reason } of bad) lines.push(`bad image ${name}: ${reason}`)
  for (const { path: name, reason } of unread) lines.push(`not read: ${name}: ${reason}`)
  if (moved && into !== undefined) lines.push(...describeQuarantine(moved, into))
  return lines.join('\n')
}
