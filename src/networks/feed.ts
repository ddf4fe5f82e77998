import type { Preprocessing } from '../nn/network.js'

/**
 * Copies images of the loader, channels-last with pixel values scaled to [−1, 1], into a network's input as the network
 * wants them: minus its mean, over its deviation, in its order of channels.
 */
export function feedImages(images: Float32Array, { mean, deviation, order }: Preprocessing, into: Float32Array): void {
  const plain = order === 'rgb' && mean.every(m => m === 127.5) && deviation.every(d => d === 127.5)
  if (plain) {
    into.set(images)
    return
  }
  const from = order === 'rgb' ? [0, 1, 2] : [2, 1, 0]
  for (let c = 0; c < 3; c++) {
    const factor = 127.5 / deviation[c]!
    const offset = (127.5 - mean[c]!) / deviation[c]!
    for (let i = 0; i < images.length; i += 3) into[i + c] = images[i + from[c]!]! * factor + offset
  }
}
