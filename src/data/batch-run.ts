import type { FillTask, LoaderShare } from './loader-task.js'

/**
 * A batch in the loader's own memory: valid until the next one is asked for. A sample is an image in training, and a
 * view of an image in a pass.
 */
export interface Batch {
  /** [batch, height, width, 3], values in [−1, 1], and outside where noise was put; samples from `count` on are zero. In memory shared between processes. */
  readonly images: Float32Array
  /** [batch]; −1 from `count` on, and for a bad image that evaluation leaves out. */
  readonly labels: Int32Array
  /** [batch], which image of the set each is; a stand-in's own number where one was needed. 0 from `count` on. */
  readonly indices: Uint32Array
  /**
   * [batch], the share of each sample in its image's average: those of one image sum to 1. 0 from `count` on, for a bad
   * image, and for a view that repeats an earlier one of its image, which counts for both; such samples are zero.
   */
  readonly weights: Float32Array
  /** How many of them are of the set. */
  readonly count: number
}

/** A slot with a batch under way, finished, or in the consumer's hands. */
export interface Filling {
  readonly slot: number
  readonly task: FillTask
  /** Workers that have not yet reported on it. */
  shares: number
  readonly bad: LoaderShare['bad'][number][]
  fatal: string | undefined
}

/** The batches of one call to `steps` or `pass`, taken one at a time even when several are asked for at once. */
export class BatchRun implements AsyncIterableIterator<Batch, undefined> {
  readonly kind: FillTask['kind']
  /** The place that no batch reaches. */
  readonly to: number
  /** From a batch's first place to the next one's. */
  readonly stride: number
  /** The place of the first sample of the next batch to start. */
  upcoming: number
  /** Started and not yet handed out, in order. */
  readonly queue: Filling[] = []
  /** The slot in the consumer's hands. */
  held: number | undefined
  readonly #take: (run: BatchRun) => Promise<Batch | undefined>
  readonly #end: (run: BatchRun) => void
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    kind: FillTask['kind'],
    { from, to, stride }: { readonly from: number; readonly to: number; readonly stride: number },
    take: (run: BatchRun) => Promise<Batch | undefined>,
    end: (run: BatchRun) => void,
  ) {
    this.kind = kind
    this.upcoming = from
    this.to = to
    this.stride = stride
    this.#take = take
    this.#end = end
  }

  next(): Promise<IteratorResult<Batch, undefined>> {
    const taken = this.#last.then(async (): Promise<IteratorResult<Batch, undefined>> => {
      const batch = await this.#take(this)
      return batch === undefined ? { done: true, value: undefined } : { done: false, value: batch }
    })
    this.#last = taken.catch(() => {})
    return taken
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#end(this)
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
