const alignment = 64

const unfinished = 0
const finished = 1
/** Finished, and the message on it has a remark. */
const remarked = 2

/** What a slot holds. */
export interface SlotShape {
  readonly batch: number
  /** Floats of one sample. */
  readonly sampleLength: number
}

/**
 * Shared memory that a batch is written into by the loader's processes, each sample by one, and read from by the consumer;
 * used again and again.
 */
export class Slot {
  readonly images: Float32Array
  readonly labels: Int32Array
  readonly indices: Uint32Array
  readonly weights: Float32Array
  readonly #states: Int32Array
  /** One word. */
  readonly #ticket: Int32Array

  private constructor(memory: ArrayBuffer, begin: number, { batch, sampleLength }: SlotShape) {
    const place = layout({ batch, sampleLength })
    this.images = new Float32Array(memory, begin, batch * sampleLength)
    this.labels = new Int32Array(memory, begin + place.labels, batch)
    this.indices = new Uint32Array(memory, begin + place.indices, batch)
    this.weights = new Float32Array(memory, begin + place.weights, batch)
    this.#states = new Int32Array(memory, begin + place.states, batch)
    this.#ticket = new Int32Array(memory, begin + place.ticket, 1)
  }

  static bytes(shape: SlotShape): number {
    return layout(shape).end
  }

  /** As many as the memory holds. */
  static all(memory: ArrayBuffer, shape: SlotShape): Slot[] {
    const bytes = Slot.bytes(shape)
    return Array.from({ length: memory.byteLength / bytes }, (_, i) => new Slot(memory, i * bytes, shape))
  }

  /** Gives the slot to another batch; only while nobody writes. */
  reset(ticket: number): void {
    Atomics.store(this.#ticket, 0, ticket)
    for (let sample = 0; sample < this.#states.length; sample++) Atomics.store(this.#states, sample, unfinished)
  }

  /** To be called after everything of the sample is written. */
  finish(sample: number, withRemark: boolean): void {
    Atomics.store(this.#states, sample, withRemark ? remarked : finished)
  }

  /** Whether a sample of this batch is still to be written, or there is something to tell of it. */
  isOpen(ticket: number, sample: number): boolean {
    // In this order: when the slot is given to another batch, its ticket changes before the states do.
    return Atomics.load(this.#states, sample) !== finished && Atomics.load(this.#ticket, 0) === ticket
  }

  /** All of `count` samples are written, and there is nothing to learn of them from messages. */
  isWhole(count: number): boolean {
    for (let sample = 0; sample < count; sample++) if (Atomics.load(this.#states, sample) !== finished) return false
    return true
  }
}

/** Where in a slot each part begins. */
function layout({ batch, sampleLength }: SlotShape) {
  const labels = batch * sampleLength * 4
  const indices = labels + batch * 4
  const weights = indices + batch * 4
  const states = weights + batch * 4
  const ticket = states + batch * 4
  return { labels, indices, weights, states, ticket, end: Math.ceil((ticket + 4) / alignment) * alignment }
}
