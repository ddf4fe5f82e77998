import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { sharp } from '../sharp.js'
import { draw, type Scene } from './scene.js'

/** What every worker knows from the start. */
export interface SynthWorkerData {
  readonly folder: string
  readonly seed: number
  readonly size: number
  readonly difficulty: number
}

/** Pictures `from` … `to` − 1 of one class in one split, to be drawn and written. */
export interface SynthTask {
  readonly split: Scene['split']
  readonly className: string
  readonly from: number
  readonly to: number
}

/** What came of a task: each file's SHA-256, or why it stopped. */
export type SynthReply = { readonly digests: readonly string[] } | { readonly failure: string }

const port = parentPort!
const { folder, seed, size, difficulty } = workerData as SynthWorkerData
sharp.concurrency(1)
sharp.cache(false)

let work: Promise<void> = Promise.resolve()
port.on('message', (task: SynthTask | null) => {
  work = work.then(async () => {
    if (task === null) port.close()
    else port.postMessage(await perform(task))
  })
})

async function perform(task: SynthTask): Promise<SynthReply> {
  const { split, className } = task
  const digests: string[] = []
  let writing: Promise<void> = Promise.resolve()
  try {
    for (let index = task.from; index < task.to; index++) {
      // This picture is drawn while the one before is compressed and written on the system's threads.
      const { rgb, quality } = draw({ seed, split, className, index, size, difficulty })
      await writing
      writing = store(path.join(folder, split, className, fileName(index)), rgb, quality, digests)
    }
    await writing
    return { digests }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

const fileName = (index: number) => `${String(index + 1).padStart(5, '0')}.jpg`

async function store(file: string, rgb: Uint8Array, quality: number, digests: string[]): Promise<void> {
  // Every setting that shapes the bytes is said, so that no default of another version can change them.
  const bytes = await sharp(rgb, { raw: { width: size, height: size, channels: 3 } })
    .jpeg({
      quality,
      chromaSubsampling: '4:2:0',
      progressive: false,
      optimiseCoding: true,
      mozjpeg: false,
      trellisQuantisation: false,
      overshootDeringing: false,
      optimiseScans: false,
      quantisationTable: 0,
    })
    .toBuffer()
  digests.push(createHash('sha256').update(bytes).digest('hex'))
  await writeFile(file, bytes)
}
