import type { ImageSet } from '../data/class-folder.js'
import type { KeptPrediction } from './kept-predictions.js'
import type { Part, Plan } from './plan.js'
import type { Predictions } from './scores.js'

/** An evaluation's predictions, which come in part by part, in the order of the parts' images. */
export class Collection {
  /** Places in the set, of images that could not be read. */
  readonly bad = new Set<number>()
  readonly #parts: readonly Part[]
  readonly #items: ImageSet['items']
  readonly #classes: number
  readonly #probabilities: Float32Array
  readonly #unreadable: number
  readonly #taking: (one: KeptPrediction) => void
  /** In how many parts each other image is. */
  readonly #occurrences: number
  #part = 0
  #at = 0
  #taken = 0
  /** Views computed, by part. */
  readonly #views: number[]

  /** @param taking is given each prediction that is taken */
  constructor(
    { parts, unreadable }: Pick<Plan, 'parts' | 'unreadable'>,
    { items }: ImageSet,
    classes: number,
    taking: (one: KeptPrediction) => void = () => {},
  ) {
    this.#taking = taking
    this.#parts = parts
    this.#items = items
    this.#classes = classes
    this.#views = parts.map(() => 0)
    this.#probabilities = new Float32Array(items.length * classes)
    this.#unreadable = unreadable.size
    const places = parts.reduce((sum, { images }) => sum + images.length, 0)
    this.#occurrences = places / (items.length - unreadable.size)
    for (const image of unreadable.keys()) this.bad.add(image)
  }

  /** How many images of a part have been predicted, and of how many views. */
  doneOf(part: number): { readonly images: number; readonly views: number } {
    const whole = part < this.#part ? this.#parts[part]!.images.length : 0
    return { images: part === this.#part ? this.#at : whole, views: this.#views[part]! }
  }

  /** Images done; of several sides, each counts as its share of the image. Those without size count from the start. */
  get done(): number {
    return this.#unreadable + this.#taken / this.#occurrences
  }

  get views(): number {
    return this.#views.reduce((sum, views) => sum + views, 0)
  }

  /** Takes the next prediction; false, and nothing is taken, if it is not the one that comes next. */
  take(one: KeptPrediction): boolean {
    const { image, part, views, probabilities } = one
    const next = this.#parts[part]
    if (part !== this.#nextPart() || next === undefined || next.images[this.#at] !== image) return false
    if (views === 0) this.bad.add(image)
    const row = this.#probabilities.subarray(image * this.#classes, (image + 1) * this.#classes)
    for (let i = 0; i < row.length; i++) row[i]! += probabilities[i]! * next.share
    this.#views[part]! += views
    this.#taken++
    this.#at++
    this.#taking(one)
    return true
  }

  /** The part of the next prediction: the first that is not complete. */
  #nextPart(): number {
    while (this.#part < this.#parts.length && this.#at === this.#parts[this.#part]!.images.length) {
      this.#part++
      this.#at = 0
    }
    return this.#part
  }

  /** What has been collected; images that could not be read in any part have no label. */
  predictions(): Predictions {
    const labels = Int32Array.from(this.#items, ({ label }, image) => (this.bad.has(image) ? -1 : label))
    for (const image of this.bad) this.#probabilities.fill(0, image * this.#classes, (image + 1) * this.#classes)
    return { probabilities: this.#probabilities, labels, classes: this.#classes }
  }
}
