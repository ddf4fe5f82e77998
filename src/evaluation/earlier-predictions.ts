import { InputFile } from '../formats/input-file.js'
import { decodeRecord, type KeptPrediction, type PredictionKey, readRecords, recordBytes } from './kept-predictions.js'

/** Where a record begins. */
interface Place {
  readonly file: string
  readonly at: number
}

/**
 * What sittings before have predicted, of however many replicas each. Only where it lies in their files is held in
 * memory. What is there twice counts as it was met last.
 */
export class EarlierPredictions implements Disposable {
  readonly #classes: number
  readonly #counts: (one: KeptPrediction) => boolean
  readonly #places = new Map<number, Place>()
  readonly #open = new Map<string, InputFile>()

  /** @param counts whether one is of use */
  constructor(classes: number, counts: (one: KeptPrediction) => boolean) {
    this.#classes = classes
    this.#counts = counts
  }

  /** Errors: as `readRecords`. */
  read(file: string, key: PredictionKey): void {
    readRecords(file, key, this.#classes, (one, at) => this.add(one, { file, at }))
  }

  add(one: KeptPrediction, place: Place): void {
    if (this.#counts(one)) this.#places.set(placeOf(one.part, one.image), place)
  }

  has(part: number, image: number): boolean {
    return this.#places.has(placeOf(part, image))
  }

  /** Errors: `UserError` where it cannot be read any more. */
  find(part: number, image: number): KeptPrediction | undefined {
    const place = this.#places.get(placeOf(part, image))
    if (place === undefined) return undefined
    const bytes = this.#input(place.file).read(place.at, recordBytes(this.#classes))
    return decodeRecord(bytes, new Float32Array(this.#classes))
  }

  #input(file: string): InputFile {
    const open = this.#open.get(file) ?? new InputFile(file)
    this.#open.set(file, open)
    return open
  }

  [Symbol.dispose](): void {
    for (const input of this.#open.values()) input.close()
  }
}

/** Both are below 2³², and parts are few. */
const placeOf = (part: number, image: number): number => part * 2 ** 32 + image
