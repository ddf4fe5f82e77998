import { parentPort, workerData } from 'node:worker_threads'
import { RandomStream } from '../base/random.js'
import { type Preprocessing, writeSample } from './augment.js'
import { BadImage, decodeFile, type RgbImage } from './decode.js'
import { type CacheMemory, ImageCache } from './image-cache.js'
import { TrainingOrder } from './order.js'
import { PathList } from './path-list.js'
import { Slot, type SlotMemory } from './slot.js'

/** What every worker of a loader knows from the start. */
export interface LoaderWorkerData {
  readonly worker: number
  readonly workers: number
  readonly seed: number
  readonly preprocessing: Preprocessing
  readonly batch: number
  readonly badImages: 'error' | 'skip'
  readonly paths: SharedArrayBuffer
  readonly labels: SharedArrayBuffer
  readonly cache: CacheMemory
  readonly slots: readonly SlotMemory[]
  /** One word: tasks with a lower ticket are no longer wanted. */
  readonly wanted: SharedArrayBuffer
}

/** One batch to fill; each worker does every `workers`-th sample of it. */
export interface FillTask {
  readonly ticket: number
  readonly slot: number
  readonly kind: 'steps' | 'pass'
  /** Which batch of the global order, or of the set. */
  readonly step: number
  /** Samples in this batch. */
  readonly count: number
}

/** What a worker is asked for: a batch, or its share of the set in the cache. */
export type LoaderTask = FillTask | { readonly ticket: number; readonly kind: 'cache' }

/** A worker has done its share of a task. */
export interface LoaderShare {
  readonly ticket: number
  /** Images that could not be decoded, with the sample of this batch that wanted them. */
  readonly bad: readonly { readonly sample: number; readonly index: number; readonly reason: string }[]
  /** Why the work cannot go on at all. */
  readonly fatal?: string
}

interface Found {
  readonly index: number
  readonly image: RgbImage
  /** How many images of the order were passed over to find this one. */
  readonly ahead: number
}

/** As many as the system's pool has threads by default. */
const decodesAtOnce = 4

const port = parentPort!
const data = workerData as LoaderWorkerData
const paths = new PathList(data.paths)
const labels = new Int32Array(data.labels)
const cache = new ImageCache(data.cache)
const slots = data.slots.map(memory => new Slot(memory))
const wanted = new Int32Array(data.wanted)
const order = new TrainingOrder(data.seed, labels.length)
const sampleLength = data.preprocessing.size ** 2 * 3
const known = new Map<number, string>()

let work: Promise<void> = Promise.resolve()
port.on('message', (task: LoaderTask | null) => {
  work = work.then(async () => {
    if (task === null) port.close()
    else port.postMessage(await perform(task))
  })
})

async function perform(task: LoaderTask): Promise<LoaderShare> {
  const bad: LoaderShare['bad'][number][] = []
  const { ticket } = task
  try {
    if (task.kind === 'cache')
      await eachOfShare(
        ticket,
        labels.length,
        async index => {
          if (!cache.overflowed) await load(index)
        },
        () => {},
      )
    else
      await eachOfShare(
        ticket,
        task.count,
        sample => search(task, sample, bad),
        (found, sample) => write(task, sample, found),
      )
    return { ticket, bad }
  } catch (error) {
    return { ticket, bad, fatal: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Prepares and uses this worker's share of `count` things in order, as long as the task is wanted. A few are prepared
 * at a time: images are read and decoded on the system's threads while others are cropped and coloured here.
 */
async function eachOfShare<T>(
  ticket: number,
  count: number,
  prepare: (index: number) => Promise<T>,
  use: (prepared: T, index: number) => void,
): Promise<void> {
  const ahead: Promise<T>[] = []
  let upcoming = data.worker
  const prepareMore = () => {
    while (upcoming < count && ahead.length < decodesAtOnce && Atomics.load(wanted, 0) <= ticket) {
      const prepared = prepare(upcoming)
      // A failure is thrown where its turn comes; until then it is no unhandled one.
      prepared.catch(() => {})
      ahead.push(prepared)
      upcoming += data.workers
    }
  }
  prepareMore()
  for (let index = data.worker; ahead.length > 0; index += data.workers) {
    const prepared = await ahead.shift()!
    prepareMore()
    use(prepared, index)
  }
}

/**
 * The image for one sample, or nothing when it is bad and has no stand-in. In training, with bad images skipped, the
 * stand-in is the next good image of the same epoch's order, from the epoch's end on from its start: a rule of the
 * order alone, whatever the workers do.
 */
async function search(task: FillTask, sample: number, bad: LoaderShare['bad'][number][]): Promise<Found | undefined> {
  const position = task.step * data.batch + sample
  for (let ahead = 0; ahead < labels.length; ahead++) {
    const index = task.kind === 'steps' ? order.indexAt(position, ahead) : position
    const image = await load(index)
    if (typeof image !== 'string') return { index, image, ahead }
    bad.push({ sample, index, reason: image })
    if (task.kind === 'pass' || data.badImages === 'error') return undefined
  }
  throw new Error('none of the images can be decoded')
}

/** The image, or the reason why it is none. */
async function load(index: number): Promise<RgbImage | string> {
  const held = cache.get(index) ?? known.get(index)
  if (held !== undefined) return held
  try {
    const image = await decodeFile(paths.at(index))
    cache.put(index, image)
    return image
  } catch (error) {
    if (!(error instanceof BadImage)) throw error
    known.set(index, error.message)
    return error.message
  }
}

function write(task: FillTask, sample: number, found: Found | undefined): void {
  const slot = slots[task.slot]!
  const out = slot.images.subarray(sample * sampleLength, (sample + 1) * sampleLength)
  const position = task.step * data.batch + sample
  if (found === undefined) {
    out.fill(0)
    slot.labels[sample] = -1
    slot.indices[sample] = task.kind === 'steps' ? order.indexAt(position) : position
    slot.finish(true)
    return
  }
  const { index, image, ahead } = found
  const epoch = task.kind === 'steps' ? order.epochOf(position) : 0
  // A stand-in is distorted unlike the same image at its own place, or the epoch would hold one input twice.
  const random = new RandomStream(data.seed, 'augment', epoch, index, ...(ahead === 0 ? [] : [position, ahead]))
  writeSample(image, data.preprocessing, random, out)
  slot.labels[sample] = labels[index]!
  slot.indices[sample] = index
  // Images passed over must reach the consumer's list before the batch does.
  slot.finish(ahead > 0)
}
