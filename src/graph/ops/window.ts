import { ShapeError } from '../op.js'

/** A sliding window over height and width. Lengths in pixels; padding before and after, per axis. */
export interface Window {
  readonly kernel: readonly [height: number, width: number]
  readonly strides: readonly [height: number, width: number]
  readonly padding: readonly [
    height: readonly [before: number, after: number],
    width: readonly [before: number, after: number],
  ]
}

/** Whether the window is a single place, at every place: such a convolution is a product of matrices. */
export const isPointwise = ({ kernel, strides, padding }: Window): boolean =>
  [...kernel, ...strides].every(n => n === 1) && padding.flat().every(n => n === 0)

/** Height and width of what a window leaves of a map: floor((n + padding − kernel) / stride) + 1 along each axis. */
export function slide(height: number, width: number, { kernel, strides, padding }: Window): [number, number] {
  const along = (length: number, axis: 0 | 1) => {
    const [before, after] = padding[axis]
    const out = Math.floor((length + before + after - kernel[axis]) / strides[axis]) + 1
    if (out < 1) throw new ShapeError(`a ${kernel[0]}×${kernel[1]} window does not fit a ${height}×${width} map`)
    return out
  }
  return [along(height, 0), along(width, 1)]
}

/**
 * The outputs o along one axis for which input o·stride + tap − before lies in [0, length): returned as [first, end).
 */
export function covered(out: number, length: number, stride: number, tap: number, before: number): [number, number] {
  const first = Math.max(0, Math.ceil((before - tap) / stride))
  const end = Math.min(out, Math.floor((length - 1 + before - tap) / stride) + 1)
  return [first, Math.max(first, end)]
}
