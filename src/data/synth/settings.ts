/** What decides every byte of a synthetic data set. */
export interface SynthSettings {
  readonly seed: number
  /** Training and validation pictures, shared out evenly among the classes. */
  readonly train: number
  readonly val: number
  /** How many classes, 2 … 25. */
  readonly classes: number
  /** Pixels a side. */
  readonly size: number
  /** 0 … 1. */
  readonly difficulty: number
}

export const defaultSynthSettings: SynthSettings = {
  seed: 1,
  train: 4000,
  val: 1000,
  classes: 10,
  size: 112,
  difficulty: 0.5,
}
