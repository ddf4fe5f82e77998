import os from 'node:os'
import { UserError } from '../base/error.js'
import { formatBytes } from '../base/format.js'
import { SharedMemory } from '../base/shared-memory.js'
import { type Batch, BatchRun, type Filling } from './batch-run.js'
import type { ImageSet } from './class-folder.js'
import { DecodeJournal } from './decode-journal.js'
import { ImageCache } from './image-cache.js'
import { LoaderCrew } from './loader-crew.js'
import { batchesBytes, type LoaderOptions, resolveOptions, type Shard, slotShape } from './loader-options.js'
import { decodesAtOnce, type FillTask, type LoaderShare } from './loader-task.js'
import { PlaceList } from './place-list.js'
import { viewCount } from './preprocessing.js'
import { Slot } from './slot.js'

export interface BadImageNote {
  readonly path: string
  readonly reason: string
}

/**
 * Makes batches in processes of its own ahead of their use. What a batch holds is a pure function of the set, the options
 * and its number, whatever the number of workers and whether images come from the cache. An image that crashes the decoder
 * is bad, and nothing else is lost.
 *
 * One run of batches at a time: a new one ends the one before, which then gives no more. Close the loader to end its
 * processes; an idle loader does not keep the process alive.
 */
export class Loader {
  /** How many samples a pass makes of each image, coinciding views counted. */
  readonly views: number
  readonly #set: ImageSet
  readonly #options: LoaderOptions
  readonly #shard: Shard
  readonly #crew: LoaderCrew
  /** What no other loader has a use for. */
  readonly #own: readonly SharedMemory[]
  readonly #slots: readonly Slot[]
  readonly #wanted: Int32Array
  readonly #free: number[]
  /** Not yet reported on by every worker, by ticket: the workers may still be writing. */
  readonly #open = new Map<number, Filling>()
  /** Who waits for the cache, by ticket. */
  readonly #caching = new Map<number, { shares: number; resolve: () => void; reject: (reason: unknown) => void }>()
  readonly #bad = new Map<number, string>()
  readonly #cache: ImageCache
  readonly #onAbort: () => void
  #ticket = 0
  #run: BatchRun | undefined
  #failure: unknown
  #failed = false
  #wake: (() => void) | undefined
  #waited = 0

  /**
   * @param program another worker program, for tests
   * @throws {UserError} if an option is out of range or the batches need more memory than there is
   */
  constructor(set: ImageSet, options: LoaderOptions, program: URL = new URL('./loader-worker.js', import.meta.url)) {
    const { batch, preprocessing, seed, workers, prefetch, cacheBytes, secondsAnImage, badImages, ...more } =
      resolveOptions(set, options)
    const { shard, boxes, signal } = more
    signal?.throwIfAborted()

    this.#set = set
    this.#options = options
    this.#shard = shard
    this.views = viewCount(preprocessing)
    const shape = slotShape({ batch, preprocessing })
    const slots = reserveSlots(batchesBytes({ batch, preprocessing, prefetch }), batch)
    this.#slots = Slot.all(slots.buffer, shape)
    this.#free = this.#slots.map((_, i) => i)
    const wanted = SharedMemory.reserve(4)
    this.#wanted = new Int32Array(wanted.buffer)
    const data = {
      ...{ workers, seed, preprocessing, badImages, batch, slots, wanted },
      places: PlaceList.pack(set.items),
      labels: SharedMemory.of(Int32Array.from(set.items, ({ label }) => label).buffer),
      boxes: boxes && { starts: SharedMemory.of(boxes.starts), sides: SharedMemory.of(boxes.sides) },
      cache: options.cache ?? ImageCache.reserve(set.items.length, cacheBytes),
      journal: SharedMemory.reserve(DecodeJournal.bytes(workers, decodesAtOnce)),
    }
    this.#cache = new ImageCache(data.cache)
    this.#own = [
      ...[slots, wanted, data.labels, data.journal, ...Object.values(data.places), ...Object.values(data.boxes ?? {})],
      ...(options.cache ? [] : Object.values(data.cache)),
    ].filter(memory => memory !== undefined)
    this.#crew = new LoaderCrew(program, data, secondsAnImage, {
      reply: share => this.#hear(share),
      failure: error =>
        this.#fail(new UserError(`loading images failed: ${error.message.split('\n')[0]}`, 1, { cause: error })),
    })
    this.#onAbort = () => {
      this.#fail(signal?.reason)
      void this.close()
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Images found bad so far, in the set's order. */
  get bad(): readonly BadImageNote[] {
    return [...this.#bad]
      .sort(([a], [b]) => a - b)
      .map(([index, reason]) => ({ path: this.#set.items[index]!.path, reason }))
  }

  /** Memory shared with its processes, and with no other loader: batches, lists of images, and its cache when that is full. */
  get sharedBytes(): number {
    return this.#own.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
  }

  /** How long callers have waited for batches that were not ready, the first ones included. */
  get waitedSeconds(): number {
    return this.#waited
  }

  /** Processor time that the loader's processes have taken, up to the latest batches that they have reported on. */
  get processorSeconds(): number {
    return this.#crew.processorSeconds
  }

  /**
   * Batches for the training steps `fromStep` … `toStep` − 1, each full. Step s takes the places s·batch … of the
   * global order (see TrainingOrder), or of this shard's part where there are several, so a run can go on at any step.
   * Work starts at once, before the first is asked for.
   *
   * The batches throw a {@link UserError} where an image is bad and bad images are errors, or all images are bad.
   */
  steps(fromStep: number, toStep: number): AsyncIterableIterator<Batch, undefined> {
    if (!Number.isSafeInteger(fromStep) || fromStep < 0 || !(toStep >= fromStep))
      throw new UserError(`cannot take the steps ${fromStep} … ${toStep}: they must be whole numbers in order`, 2)
    if (this.views > 1) throw new RangeError('training takes one view an image')
    const { batch } = this.#options
    const { index, of } = this.#shard
    const firstOf = (step: number) => (step * of + index) * batch
    return this.#start('steps', firstOf(fromStep), firstOf(Math.ceil(toStep)), of * batch)
  }

  /**
   * Every image of the set from `fromImage` to before `toImage` once, whatever the shard, in the set's order and view by
   * view: sample p of all is view p mod `views` of image ⌊p / `views`⌋. Batches are cut without regard to where an image
   * ends; the last one is short. Throws as {@link steps} does.
   */
  pass(fromImage = 0, toImage = this.#set.items.length): AsyncIterableIterator<Batch, undefined> {
    const count = this.#set.items.length
    if (!Number.isSafeInteger(fromImage) || fromImage < 0 || fromImage > count)
      throw new UserError(`cannot go on at image ${fromImage}: ${this.#set.root} has ${count}`, 2)
    if (!Number.isSafeInteger(toImage) || toImage < fromImage || toImage > count)
      throw new RangeError(`cannot end before image ${toImage} what begins at ${fromImage} of ${count}`)
    return this.#start('pass', fromImage * this.views, toImage * this.views, this.#options.batch)
  }

  /**
   * Decodes ahead into the cache, until every image is in it or it is full, so that batches need not wait for that in
   * the first epoch. To be called before batches are asked for; those asked for in between come after it. `progress` hears,
   * about once a second, that there are more images in it.
   */
  async fillCache(progress: () => void = () => {}): Promise<void> {
    if (this.#failed) throw this.#failure
    this.#abandon()
    const ticket = this.#ticket++
    this.#crew.hold()
    let taken = this.#cache.takenBytes
    const watch = setInterval(() => {
      if (this.#cache.takenBytes > taken) progress()
      taken = this.#cache.takenBytes
    }, 1000)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#caching.set(ticket, { shares: this.#crew.size, resolve, reject })
        this.#crew.postAll({ ticket, kind: 'cache' })
      })
    } finally {
      clearInterval(watch)
      this.#crew.release()
    }
  }

  /** Ends the processes; batches not yet taken are lost. */
  async close(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#fail(new Error('the loader is closed'))
    this.#abandon()
    Atomics.store(this.#wanted, 0, this.#ticket)
    await this.#crew.close()
    for (const memory of this.#own) memory.close()
  }

  /** @param stride from a batch's first place to the next one's */
  #start(kind: FillTask['kind'], from: number, to: number, stride: number): BatchRun {
    this.#abandon()
    this.#run = new BatchRun(
      kind,
      { from, to, stride },
      run => this.#take(run),
      run => this.#end(run),
    )
    this.#schedule()
    return this.#run
  }

  #end(run: BatchRun): void {
    if (run === this.#run) this.#abandon()
  }

  /** Tells the workers that batches under way are no longer wanted; their slots come free as the workers report. */
  #abandon(): void {
    const run = this.#run
    if (run === undefined) return
    this.#run = undefined
    Atomics.store(this.#wanted, 0, this.#ticket)
    for (const filling of run.queue) if (!this.#open.has(filling.task.ticket)) this.#free.push(filling.slot)
    run.queue.length = 0
    if (run.held !== undefined) this.#free.push(run.held)
    run.held = undefined
  }

  /** Starts as many batches as there are free slots. */
  #schedule(): void {
    const run = this.#run
    if (run === undefined || this.#failed) return
    while (run.upcoming < run.to && this.#free.length > 0) {
      const slot = this.#free.pop()!
      const first = run.upcoming
      const count = Math.min(this.#options.batch, run.to - first)
      run.upcoming += run.stride
      const task: FillTask = { ticket: this.#ticket++, slot, kind: run.kind, first, count }
      const filling: Filling = { slot, task, shares: this.#crew.size, bad: [], fatal: undefined }
      this.#slots[slot]!.reset(task.ticket)
      this.#open.set(task.ticket, filling)
      run.queue.push(filling)
      this.#crew.postAll(task)
    }
  }

  /** A worker's report. */
  #hear(share: LoaderShare): void {
    const caching = this.#caching.get(share.ticket)
    if (caching !== undefined) {
      if (share.fatal !== undefined) caching.reject(new UserError(`${this.#set.root}: ${share.fatal}`))
      if (--caching.shares > 0) return
      caching.resolve()
      this.#caching.delete(share.ticket)
      return
    }
    const filling = this.#open.get(share.ticket)
    if (filling === undefined) return
    for (const note of share.bad) {
      filling.bad.push(note)
      this.#bad.set(note.index, note.reason)
    }
    filling.fatal ??= share.fatal
    if (--filling.shares > 0) return
    this.#open.delete(share.ticket)
    if (share.ticket < Atomics.load(this.#wanted, 0)) {
      this.#free.push(filling.slot)
      this.#schedule()
    }
    this.#wake?.()
  }

  #fail(reason: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#failure = reason
    for (const { reject } of this.#caching.values()) reject(reason)
    this.#wake?.()
  }

  async #take(run: BatchRun): Promise<Batch | undefined> {
    if (this.#failed) throw this.#failure
    if (run !== this.#run) return undefined
    if (run.held !== undefined) this.#free.push(run.held)
    run.held = undefined
    this.#schedule()
    const filling = await this.#first(run)
    if (filling === undefined) return this.#finish(run)
    run.queue.shift()
    // Written to the end though not reported by every worker yet: nobody writes there any more.
    this.#open.delete(filling.task.ticket)
    this.#crew.forget(filling.task.ticket)
    run.held = filling.slot
    const refusal = this.#refusalOf(filling)
    if (refusal !== undefined) {
      this.#end(run)
      throw refusal
    }
    const { images, labels, indices, weights } = this.#slots[filling.slot]!
    const { count } = filling.task
    const sampleLength = images.length / labels.length
    images.fill(0, count * sampleLength)
    labels.fill(-1, count)
    indices.fill(0, count)
    weights.fill(0, count)
    return { images, labels, indices, weights, count }
  }

  /** Waits until the run's next batch is there; undefined when there are no more. */
  async #first(run: BatchRun): Promise<Filling | undefined> {
    const isReady = (filling: Filling) => filling.shares === 0 || this.#slots[filling.slot]!.isWhole(filling.task.count)
    if (run.queue[0] !== undefined && isReady(run.queue[0])) return run.queue[0]
    if (run.queue.length === 0 && run.upcoming >= run.to) return undefined
    const start = performance.now()
    this.#crew.hold()
    try {
      // The queue is empty while the workers still leave the slots of an earlier run.
      while (run.queue[0] === undefined || !isReady(run.queue[0])) {
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
        if (this.#failed) throw this.#failure
        if (run !== this.#run) return undefined
      }
      return run.queue[0]
    } finally {
      this.#wake = undefined
      this.#crew.release()
      this.#waited += (performance.now() - start) / 1000
    }
  }

  #finish(run: BatchRun): undefined {
    if (run !== this.#run) return
    this.#end(run)
    if (run.kind === 'pass' && !this.#options.partial && this.#allBad) throw this.#noneDecoded()
  }

  get #allBad(): boolean {
    return this.#bad.size === this.#set.items.length
  }

  #noneDecoded(): UserError {
    const [{ path, reason }] = this.bad as [BadImageNote]
    return new UserError(`none of the images of ${this.#set.root} can be decoded; the first is ${path}: ${reason}`)
  }

  /** Why a batch cannot be handed out, if so; of several bad images the first in the batch is named. */
  #refusalOf(filling: Filling): UserError | undefined {
    if (filling.fatal !== undefined)
      return this.#allBad ? this.#noneDecoded() : new UserError(`${this.#set.root}: ${filling.fatal}`)
    if (this.#options.badImages === 'skip' || filling.bad.length === 0) return
    const first = filling.bad.reduce((a, b) => (b.sample < a.sample ? b : a))
    const { path } = this.#set.items[first.index]!
    return badImageError(path, first.reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** What to throw where a bad image is an error. */
export function badImageError(path: string, reason: string): UserError {
  const remedy = 'mend it, or use --bad-images skip to leave such images out and list them'
  return new UserError(`bad image ${path}: ${reason}; ${remedy}`)
}

function reserveSlots(bytes: number, batch: number): SharedMemory {
  let cause: unknown
  try {
    if (bytes <= os.totalmem()) return SharedMemory.reserve(bytes)
  } catch (error) {
    cause = error
  }
  const what = `batches of ${batch} inputs need ${formatBytes(bytes)} of memory that processes share`
  throw new UserError(`${what}, which there are not: choose a smaller batch, size or prefetch`, 1, { cause })
}
