export interface DecaySchedule {
  /** @default 0.045 */
  readonly learningRate: number
  /** What the rate is multiplied by every `everyEpochs`. @default 0.94 */
  readonly factor: number
  /** @default 2 */
  readonly everyEpochs: number
  /** Epochs over which the rate rises linearly. @default 0 */
  readonly warmupEpochs: number
  /** What it rises from. @default 0 */
  readonly warmupFrom?: number | undefined
}

/** The learning rate at a fractional epoch: stepwise exponential decay (arXiv:1602.07261 §4), after a linear warm-up. */
export function learningRateAt(
  { learningRate, factor, everyEpochs, warmupEpochs, warmupFrom = 0 }: DecaySchedule,
  epoch: number,
): number {
  const decay = factor ** Math.floor(epoch / everyEpochs + 1e-9)
  if (epoch >= warmupEpochs) return learningRate * decay
  return decay * (warmupFrom + (learningRate - warmupFrom) * (epoch / warmupEpochs))
}
