import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImageSet } from '../../data/class-folder.js'
import { Loader } from '../../data/loader.js'
import { TrainingOrder } from '../../data/order.js'
import type { Preprocessing } from '../../data/preprocessing.js'
import { DecoderAlone, type DecoderSpeed, processorTime } from './decoder-speed.js'
import type { Protocol } from './protocols.js'

export interface DataSpeedOptions {
  /** Side of the network's input. */
  readonly size: number
  readonly batch: number
  /** Batches timed for each figure; a few more come before them. */
  readonly batches: number
  readonly protocols: readonly Protocol[]
  /** From one to so many worker processes. */
  readonly mostWorkers: number
  /** Training's, see `TrainPreprocessing`. */
  readonly scaledDecoding: boolean
  readonly signal?: AbortSignal
}

export interface DataSpeed {
  readonly protocol: Protocol
  readonly workers: number
  readonly images: Images
  readonly imagesPerSecond: number
  /** Processor time of an image, over all threads and processes. */
  readonly milliseconds: number
  /** The same of the decoder alone, shortly before and after. */
  readonly decoder: DecoderSpeed
}

/**
 * What is known of the images: nothing; that they are sound, so that only crops need be decoded; or all of their pixels,
 * as far as there is memory for them.
 */
export type Images = 'first epoch' | 'later epochs' | 'decoded before'

/** Until the workers' code is compiled for speed. */
const warmUp = 8
/** Milliseconds in which a loader leaves what is no longer wanted of it. */
const settling = 500
/** More than the loader has under way. */
const ahead = 5

type Duration = Pick<DataSpeedOptions, 'batch' | 'batches'>

/** How many images it takes for each to be met for the first time. */
export const imagesWanted = ({ batch, batches }: Duration): number => (warmUp + batches + ahead) * batch

/** So many images of the set, or all. */
export function imagesFor(set: ImageSet, duration: Duration): ImageSet {
  const order = new TrainingOrder(1, set.items.length)
  const count = Math.min(set.items.length, imagesWanted(duration))
  return { ...set, items: Array.from({ length: count }, (_, i) => set.items[order.indexAt(i)]!) }
}

/**
 * How fast batches are made when nobody else wants the cores, for every protocol and number of workers, and beside each
 * figure how fast sharp alone decodes the same images.
 *
 * @param set of {@link imagesFor}
 */
export async function* measureDataSpeed(set: ImageSet, options: DataSpeedOptions): AsyncGenerator<DataSpeed> {
  const decoder = await DecoderAlone.of(set, options.signal)
  for (const protocol of options.protocols)
    for (let workers = 1; workers <= options.mostWorkers; workers++)
      yield* measure(set, options, { protocol, workers, decoder })
}

async function* measure(
  set: ImageSet,
  { size, batch, batches, scaledDecoding, signal }: DataSpeedOptions,
  {
    protocol,
    workers,
    decoder,
  }: { readonly protocol: Protocol; readonly workers: number; readonly decoder: DecoderAlone },
): AsyncGenerator<DataSpeed> {
  const common = {
    batch,
    preprocessing: preprocessingOf(protocol, size, scaledDecoding),
    seed: 1,
    workers,
    badImages: 'skip',
    ...(signal && { signal }),
  } as const
  const count = batches * batch
  // While no loader is starting or at work.
  let earlier = await decoder.measure(count)
  const timed = async (images: Images, loader: Loader, from: number): Promise<DataSpeed> => {
    let start = 0
    let before = 0
    let taken = 0
    const spent = () => processorTime() + loader.processorSeconds * 1000
    // As many batches are under way at the end as at the beginning.
    for await (const _ of loader.steps(from, from + warmUp + batches + ahead)) {
      if (++taken === warmUp) {
        start = performance.now()
        before = spent()
      }
      if (taken === warmUp + batches) break
    }
    const seconds = (performance.now() - start) / 1000
    const speed = { imagesPerSecond: count / seconds, milliseconds: (spent() - before) / count }
    await sleep(settling)
    const later = await decoder.measure(count)
    const alone = together(earlier, later)
    earlier = later
    return { protocol, workers, images, ...speed, decoder: alone }
  }
  await using files = new Loader(set, { ...common, cacheBytes: 0 })
  yield await timed('first epoch', files, 0)
  yield await timed('later epochs', files, Math.ceil(set.items.length / batch))
  await files.close()
  await using kept = new Loader(set, common)
  await kept.fillCache()
  yield await timed('decoded before', kept, 0)
}

/** Of two measurements with as many images each. */
const together = (a: DecoderSpeed, b: DecoderSpeed): DecoderSpeed => ({
  imagesPerSecond: 2 / (1 / a.imagesPerSecond + 1 / b.imagesPerSecond),
  milliseconds: (a.milliseconds + b.milliseconds) / 2,
})

const preprocessingOf = (protocol: Protocol, size: number, scaledDecoding: boolean): Preprocessing =>
  protocol === 'eval'
    ? { kind: 'views', crops: 'slim', size }
    : { kind: 'train', size, colour: protocol, scaledDecoding }
