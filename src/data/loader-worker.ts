import { RandomStream } from '../base/random.js'
import { drawCrop, writeSample } from './augment.js'
import { BoxList } from './box-list.js'
import { joinCrew, reply } from './crew-member.js'
import type { RgbImage } from './decode.js'
import { DecodeJournal } from './decode-journal.js'
import { ImageCache } from './image-cache.js'
import { ImageViews } from './image-views.js'
import {
  decodesAtOnce,
  type FillTask,
  type LoaderShare,
  type LoaderTask,
  type LoaderWorkerData,
  type ToWorker,
} from './loader-task.js'
import { TrainingOrder } from './order.js'
import { PlaceList } from './place-list.js'
import { PlaceReader } from './place-reader.js'
import { inputExtent, viewCount, viewsTogether } from './preprocessing.js'
import { writeBilinear } from './sample-writer.js'
import { SetImages } from './set-images.js'
import { Slot } from './slot.js'

/** Samples `from` … `end` − 1 of a batch, all of one image. */
interface Piece {
  readonly from: number
  readonly end: number
}

interface Found {
  readonly index: number
  /** How many images of the order were passed over to find this one. */
  readonly ahead: number
  readonly write: InputWriter
}

/** Writes the input of a sample's place and returns its share in its image's average. */
type InputWriter = (position: number, out: Float32Array) => number

// The program of a loader's processes: each makes its share of every batch.

const { worker, data, serve } = await joinCrew<LoaderWorkerData, ToWorker>()
const { preprocessing } = data
const { width, height } = inputExtent(preprocessing)
const sampleLength = width * height * 3
const views = viewCount(preprocessing)
const together = viewsTogether(preprocessing)
const labels = new Int32Array(data.labels.buffer)
const boxes = data.boxes && new BoxList({ starts: data.boxes.starts.buffer, sides: data.boxes.sides.buffer })
const cache = new ImageCache(data.cache)
const slots = Slot.all(data.slots.buffer, { batch: data.batch, sampleLength })
const wanted = new Int32Array(data.wanted.buffer)
const order = new TrainingOrder(data.seed, labels.length)
const journal = new DecodeJournal(data.journal.buffer, decodesAtOnce)
const imagesOfSet = new SetImages({
  places: new PlaceList(data.places),
  reader: new PlaceReader({ mayWait: true }),
  cache,
  preprocessing,
  note: (image, work) => journal.during(worker, image, work),
})
/** The image that views were last cut from: the next batch often goes on with it. */
let latest: { readonly index: number; readonly image: RgbImage; readonly views: ImageViews } | undefined

let work: Promise<void> = Promise.resolve()
serve(told => {
  if (told.kind === 'bad') {
    for (const [image, reason] of told.images) imagesOfSet.refuse(image, reason)
    return
  }
  work = work.then(async () => reply<LoaderShare>(await perform(told)))
})

async function perform(task: LoaderTask & { readonly careful: boolean }): Promise<LoaderShare> {
  const bad: LoaderShare['bad'][number][] = []
  const { ticket, careful } = task
  const scope = { ticket, atOnce: careful ? 1 : decodesAtOnce }
  try {
    if (task.kind === 'cache')
      await eachInTurn(
        scope,
        shareOfSet(),
        async index => {
          if (!cache.overflowed) await imagesOfSet.whole(index)
        },
        () => {},
      )
    else
      await eachInTurn(
        scope,
        shareOfBatch(task),
        piece => search(task, piece, bad),
        (found, piece) => write(task, piece, found),
      )
    return { ticket, bad }
  } catch (error) {
    return { ticket, bad, fatal: error instanceof Error ? error.message : String(error) }
  }
}

function* shareOfSet(): Generator<number> {
  for (let index = worker; index < labels.length; index += data.workers) yield index
}

/**
 * The workers take turns; views that are cut from one resized image are not divided among them. What is written already
 * was so by a process that ended before it could report on it, and the batch may have been handed out since.
 */
function* shareOfBatch({ ticket, slot, first, count }: FillTask): Generator<Piece> {
  for (let from = 0; from < count; ) {
    const turn = Math.floor((first + from) / together)
    const end = Math.min(count, (turn + 1) * together - first)
    if (turn % data.workers === worker && slots[slot]!.isOpen(ticket, end - 1)) yield { from, end }
    from = end
  }
}

/**
 * Prepares and uses things in order, as long as the task is wanted. A few are prepared at a time: images are read and
 * decoded on the system's threads while others are cropped and coloured here.
 */
async function eachInTurn<T, P>(
  { ticket, atOnce }: { readonly ticket: number; readonly atOnce: number },
  things: Iterable<T>,
  prepare: (thing: T) => Promise<P>,
  use: (prepared: P, thing: T) => void,
): Promise<void> {
  const upcoming = things[Symbol.iterator]()
  const ahead: { readonly thing: T; readonly prepared: Promise<P> }[] = []
  const prepareMore = () => {
    while (ahead.length < atOnce && Atomics.load(wanted, 0) <= ticket) {
      const next = upcoming.next()
      if (next.done) return
      const prepared = prepare(next.value)
      // A failure is thrown where its turn comes; until then it is no unhandled one.
      prepared.catch(() => {})
      ahead.push({ thing: next.value, prepared })
    }
  }
  prepareMore()
  while (ahead.length > 0) {
    const { thing, prepared } = ahead.shift()!
    const ready = await prepared
    prepareMore()
    use(ready, thing)
  }
}

/**
 * The image for some samples, or nothing when it is bad and has no stand-in. In training, with bad images skipped, the
 * stand-in is the next good image of the same epoch's order, from the epoch's end on from its start: a rule of the
 * order alone, whatever the workers do.
 */
async function search(task: FillTask, { from }: Piece, bad: LoaderShare['bad'][number][]): Promise<Found | undefined> {
  const position = task.first + from
  for (let ahead = 0; ahead < labels.length; ahead++) {
    const index = indexAt(task, position, ahead)
    const found = await load(task, position, index, ahead)
    if (typeof found !== 'string') return { index, ahead, write: found }
    bad.push({ sample: from, index, reason: found })
    if (task.kind === 'pass' || data.badImages === 'error') return undefined
  }
  throw new Error('none of the images can be decoded')
}

const indexAt = ({ kind }: FillTask, position: number, ahead = 0) =>
  kind === 'steps' ? order.indexAt(position, ahead) : Math.floor(position / views)

/** What writes an image's samples, or the reason why it is none. */
async function load(task: FillTask, position: number, index: number, ahead: number): Promise<InputWriter | string> {
  if (preprocessing.kind !== 'train') {
    const image = latest?.index === index ? latest.image : await imagesOfSet.whole(index)
    if (typeof image === 'string') return image
    return (place, out) => {
      if (latest?.index !== index) latest = { index, image, views: new ImageViews(image, preprocessing, writeBilinear) }
      return writeView(latest.views, place % views, out)
    }
  }
  const epoch = task.kind === 'steps' ? order.epochOf(position) : 0
  const found = await imagesOfSet.cropped(index, size => {
    // A stand-in is distorted unlike the same image at its own place, or the epoch would hold one input twice.
    const random = new RandomStream(data.seed, 'augment', epoch, index, ...(ahead === 0 ? [] : [position, ahead]))
    return { crop: drawCrop(size, preprocessing, random, boxes?.of(index, size)), random }
  })
  if (typeof found === 'string') return found
  const { image, drawn } = found
  return (_, out) => {
    writeSample(image, drawn.crop, preprocessing, drawn.random, out)
    return 1
  }
}

function writeView(views: ImageViews, view: number, out: Float32Array): number {
  const weight = views.weights[view]!
  if (weight > 0) views.write(view, out)
  else out.fill(0)
  return weight
}

function write(task: FillTask, { from, end }: Piece, found: Found | undefined): void {
  const slot = slots[task.slot]!
  for (let sample = from; sample < end; sample++) {
    const out = slot.images.subarray(sample * sampleLength, (sample + 1) * sampleLength)
    const position = task.first + sample
    if (found === undefined) {
      out.fill(0)
      slot.labels[sample] = -1
      slot.indices[sample] = indexAt(task, position)
      slot.weights[sample] = 0
    } else {
      slot.labels[sample] = labels[found.index]!
      slot.indices[sample] = found.index
      slot.weights[sample] = found.write(position, out)
    }
    // Bad images, and those passed over, must reach the consumer's list before the batch does.
    slot.finish(sample, found === undefined || found.ahead > 0)
  }
}
