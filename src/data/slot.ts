/** Shared memory that a batch is written into by the workers and read from by the consumer, used again and again. */
export interface SlotMemory {
  readonly images: SharedArrayBuffer
  readonly labels: SharedArrayBuffer
  readonly indices: SharedArrayBuffer
  readonly weights: SharedArrayBuffer
  /** Two words: samples finished, and those of them that the worker's message has a remark on. */
  readonly progress: SharedArrayBuffer
}

const finished = 0
const remarked = 1

/** A view of {@link SlotMemory}. Samples are written by different threads, each sample by one. */
export class Slot {
  readonly images: Float32Array
  readonly labels: Int32Array
  readonly indices: Uint32Array
  readonly weights: Float32Array
  readonly #progress: Int32Array

  constructor(memory: SlotMemory) {
    this.images = new Float32Array(memory.images)
    this.labels = new Int32Array(memory.labels)
    this.indices = new Uint32Array(memory.indices)
    this.weights = new Float32Array(memory.weights)
    this.#progress = new Int32Array(memory.progress)
  }

  /** @param sampleLength floats of one sample */
  static reserve(batch: number, sampleLength: number): SlotMemory {
    return {
      images: new SharedArrayBuffer(batch * sampleLength * 4),
      labels: new SharedArrayBuffer(batch * 4),
      indices: new SharedArrayBuffer(batch * 4),
      weights: new SharedArrayBuffer(batch * 4),
      progress: new SharedArrayBuffer(8),
    }
  }

  /** Only while no worker writes. */
  reset(): void {
    Atomics.store(this.#progress, remarked, 0)
    Atomics.store(this.#progress, finished, 0)
  }

  /** To be called after everything of the sample is written. */
  finish(withRemark: boolean): void {
    if (withRemark) Atomics.add(this.#progress, remarked, 1)
    Atomics.add(this.#progress, finished, 1)
  }

  /** All of `count` samples are written, and there is nothing to learn from the workers' messages. */
  isWhole(count: number): boolean {
    return Atomics.load(this.#progress, finished) === count && Atomics.load(this.#progress, remarked) === 0
  }
}
