import { createHash } from 'node:crypto'
import type { TestContext } from 'node:test'
import type { Batch } from '../../src/data/batch-run.js'
import { type ImageSet, openSplit } from '../../src/data/class-folder.js'
import { Loader } from '../../src/data/loader.js'
import type { LoaderOptions } from '../../src/data/loader-options.js'
import type { Preprocessing, TrainPreprocessing } from '../../src/data/preprocessing.js'
import { noise, pipeline, temporaryFolder, writeTree } from './picture.js'

export const train: TrainPreprocessing = { kind: 'train', size: 11, colour: 'fast' }
export const evaluate: Preprocessing = { kind: 'views', crops: 'slim', size: 11, fraction: 0.875 }
export const pixels = 11 * 11 * 3

/** Twelve images in three classes; those named in `broken` are cut in half. */
export async function makeSet(t: TestContext, broken: readonly number[] = []): Promise<ImageSet> {
  const root = await temporaryFolder(t)
  const files: Record<string, Uint8Array> = {}
  for (let i = 0; i < 12; i++) {
    const bytes = await pipeline(noise(i, 20 + i, 30 - i))
      .jpeg()
      .toBuffer()
    const name = `${'abc'[Math.floor(i / 4)]}/${i % 4}.jpg`
    files[name] = broken.includes(i) ? bytes.subarray(0, bytes.length / 2) : bytes
  }
  await writeTree(root, files)
  return await openSplit(root)
}

export const options = (o: Partial<LoaderOptions> = {}): LoaderOptions => ({
  batch: 5,
  preprocessing: train,
  seed: 9,
  workers: 1,
  badImages: 'error',
  ...o,
})

export interface Taken {
  readonly count: number
  readonly labels: number[]
  readonly indices: number[]
  readonly images: Float32Array
}

const copy = (batch: Batch): Taken => ({
  count: batch.count,
  labels: [...batch.labels],
  indices: [...batch.indices],
  images: new Float32Array(batch.images),
})

export async function takeAll(batches: AsyncIterable<Batch>): Promise<Taken[]> {
  const taken: Taken[] = []
  for await (const batch of batches) taken.push(copy(batch))
  return taken
}

/** What `take` gives with a loader that is closed afterwards. */
export async function using<T>(
  set: ImageSet,
  o: Partial<LoaderOptions>,
  take: (loader: Loader) => Promise<T>,
): Promise<T> {
  const loader = new Loader(set, options(o))
  try {
    return await take(loader)
  } finally {
    await loader.close()
  }
}

export const digest = (batches: readonly Taken[]) => {
  const hash = createHash('sha256')
  for (const { count, labels, indices, images } of batches)
    hash.update(JSON.stringify([count, labels, indices])).update(images)
  return hash.digest('hex')
}
