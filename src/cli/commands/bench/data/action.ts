import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { formatCount, formatPercent, formatTable } from '../../../../base/format.js'
import { usableCores } from '../../../../base/threads.js'
import type { ImageSet } from '../../../../data/class-folder.js'
import type { LabelNumbering } from '../../../../data/sources/class-names.js'
import { openTrainingData } from '../../../../data/sources/open.js'
import { type DataSpeed, imagesFor, imagesWanted, measureDataSpeed } from '../../../../study/bench/data-speed.js'
import { writePhotographs } from '../../../../study/bench/photographs.js'
import { protocols } from '../../../../study/bench/protocols.js'
import { describeMachine } from '../../../../study/machine.js'
import { interruptSignal } from '../../../interrupt.js'
import { lookingThrough } from '../../../looking-through.js'
import { ProgressLine } from '../../../progress-line.js'
import type { Flags } from '../data.js'

export async function measureData(flags: Flags): Promise<void> {
  const signal = interruptSignal('stopping')
  if (flags.data === undefined) await withPhotographs(imagesWanted(flags), signal, set => run(set, flags, signal))
  else await run(await trainingImages(flags.data, flags.labels, signal), flags, signal)
}

const trainingImages = async (data: string, labels: LabelNumbering, signal: AbortSignal): Promise<ImageSet> =>
  (await lookingThrough(options => openTrainingData(data, { ...options, labels, signal }))).train

async function withPhotographs(count: number, signal: AbortSignal, use: (set: ImageSet) => Promise<void>) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-bench-'))
  try {
    await use(await writePhotographs(path.join(folder, 'data'), count, signal))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function run(all: ImageSet, flags: Flags, signal: AbortSignal) {
  const { size, batch, batches, workers, protocol, scaledDecoding = false } = flags
  const set = imagesFor(all, flags)
  const line = new ProgressLine(process.stderr)
  const figures: DataSpeed[] = []
  try {
    line.update('the decoder alone')
    const some = protocol ? [protocol] : protocols
    const options = { size, batch, batches, mostWorkers: workers, protocols: some, scaledDecoding, signal }
    for await (const figure of measureDataSpeed(set, options)) {
      figures.push(figure)
      line.update(`${figure.protocol}, ${figure.workers} workers: ${figure.imagesPerSecond.toFixed(0)} images/s`)
    }
  } finally {
    line.end()
  }
  const machine = describeMachine('data loader')
  if (flags.json) {
    const images = set.items.length
    console.log(
      JSON.stringify({ work: 'data', images, size, batch, batches, scaledDecoding, figures, machine }, undefined, 2),
    )
    return
  }
  const rows = figures.map(({ protocol, workers, images, imagesPerSecond, milliseconds, decoder }) => [
    protocol,
    `${workers}`,
    images,
    imagesPerSecond.toFixed(1),
    decoder.imagesPerSecond.toFixed(1),
    formatPercent(imagesPerSecond / decoder.imagesPerSecond),
    milliseconds.toFixed(2),
    decoder.milliseconds.toFixed(2),
  ])
  const heads = ['data', 'workers', 'images', 'images/s', 'decoder alone', 'of it', 'processor ms', 'decoder alone']
  console.log(formatTable(heads, rows))
  console.log(
    `${machine.processor}, ${usableCores()} of ${machine.cores} cores, Node ${machine.node}; ${formatCount(set.items.length)} images to ${size}×${size}, ${batches} batches of ${batch}`,
  )
}
