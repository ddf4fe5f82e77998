/** Values of [0, 1] become [−1, 1], what lies outside is clipped; in place. */
export function toNetworkRange(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = (Math.min(Math.max(values[i]!, 0), 1) - 0.5) * 2
}
