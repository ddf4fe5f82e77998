import { performance } from 'node:perf_hooks'
import type { ImageSet } from '../../data/class-folder.js'
import { Loader } from '../../data/loader.js'
import type { Preprocessing } from '../../data/preprocessing.js'
import { processorTime } from './decoder-speed.js'

/** What is done to an image: training's distortions by their colour, or evaluation's central crop. */
export const protocols = ['fast', 'full', 'none', 'eval'] as const
export type Protocol = (typeof protocols)[number]

export interface DataSpeedOptions {
  /** Side of the network's input. */
  readonly size: number
  readonly batch: number
  /** Batches timed for each figure; a few more come before them. */
  readonly batches: number
  readonly protocols: readonly Protocol[]
  /** From one to so many worker threads. */
  readonly mostWorkers: number
  /** Training's, see `TrainPreprocessing`. */
  readonly scaledDecoding: boolean
  readonly signal?: AbortSignal
}

export interface DataSpeed {
  readonly protocol: Protocol
  readonly workers: number
  /** Whether images had been decoded before, and were kept as far as memory for that allows. */
  readonly cached: boolean
  readonly imagesPerSecond: number
  /** Processor time of an image, over all threads. */
  readonly milliseconds: number
}

/** Until the workers' code is compiled for speed. */
const warmUp = 4

/** How fast batches are made when nobody else wants the cores, for every protocol and number of workers. */
export async function* measureDataSpeed(set: ImageSet, options: DataSpeedOptions): AsyncGenerator<DataSpeed> {
  for (const protocol of options.protocols)
    for (const cached of [false, true])
      for (let workers = 1; workers <= options.mostWorkers; workers++)
        yield { protocol, workers, cached, ...(await measure(set, options, protocol, workers, cached)) }
}

async function measure(
  set: ImageSet,
  { size, batch, batches, scaledDecoding, signal }: DataSpeedOptions,
  protocol: Protocol,
  workers: number,
  cached: boolean,
): Promise<Pick<DataSpeed, 'imagesPerSecond' | 'milliseconds'>> {
  await using loader = new Loader(set, {
    batch,
    preprocessing: preprocessingOf(protocol, size, scaledDecoding),
    seed: 1,
    workers,
    badImages: 'skip',
    ...(!cached && { cacheBytes: 0 }),
    ...(signal && { signal }),
  })
  if (cached) await loader.fillCache()
  let start = 0
  let before = 0
  let taken = 0
  for await (const _ of loader.steps(0, warmUp + batches)) {
    if (++taken !== warmUp) continue
    start = performance.now()
    before = processorTime()
  }
  const images = batches * batch
  const seconds = (performance.now() - start) / 1000
  return { imagesPerSecond: images / seconds, milliseconds: (processorTime() - before) / images }
}

const preprocessingOf = (protocol: Protocol, size: number, scaledDecoding: boolean): Preprocessing =>
  protocol === 'eval'
    ? { kind: 'views', crops: 'slim', size }
    : { kind: 'train', size, colour: protocol, scaledDecoding }
