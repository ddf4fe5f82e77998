import type { Window } from '../graph/ops/window.js'

/** '3x3', '1x7': height first, as in slim and PyTorch. */
export type Kernel = `${number}x${number}`

/**
 * Padding is a word. `same` keeps the map's size and therefore never has a stride; `valid` pads nothing; `half` is the
 * explicit symmetric padding of (k−1)/2 that ResNet and BN-Inception have under a stride; `tf` is TensorFlow's SAME
 * under a stride, which puts the odd pixel after; `ceil` pads after the map only, so that a last window that begins in it
 * counts, as Caffe's pools do.
 */
export type Padding =
  | { readonly pad?: 'same'; readonly stride?: 1 }
  | { readonly pad: 'valid' | 'half' | 'tf' | 'ceil'; readonly stride?: 1 | 2 | 3 }

/** Marks as the paper's figures print them: V, and V with stride 2. */
export const V = { pad: 'valid' } as const
export const V2 = { pad: 'valid', stride: 2 } as const

export function kernelSize(kernel: Kernel): [number, number] {
  const [height, width] = kernel.split('x').map(Number)
  return [height!, width!]
}

/** The window of a kernel with a padding word over a map of the given height and width. */
export function windowOver(
  height: number,
  width: number,
  kernel: Kernel,
  { pad = 'same', stride = 1 }: Padding,
): Window {
  const size = kernelSize(kernel)
  const along = (length: number, k: number): [number, number] => {
    if (pad === 'valid') return [0, 0]
    if (pad === 'half') return [(k - 1) >> 1, (k - 1) >> 1]
    if (pad === 'ceil') return [0, Math.max(0, Math.ceil((length - k) / stride) * stride + k - length)]
    const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + k - length)
    return [total >> 1, total - (total >> 1)]
  }
  return { kernel: size, strides: [stride, stride], padding: [along(height, size[0]), along(width, size[1])] }
}
