import { formatShape, type Shape, sizeOf } from '../../base/shape.js'
import type { Fail } from '../file-error.js'
import { quote } from '../header-json.js'
import type { Extent } from './messages.js'

/** A part of a tensor: a range of every axis. */
export interface Slice {
  readonly starts: readonly number[]
  readonly shape: Shape
}

/** Variables are cut in one part a device; without a limit, comparing the parts could take for ever. */
export const mostSlices = 4096

/** The part that `extents` names of a tensor of this shape. No extents name the whole of it. */
export function sliceOf(extents: readonly Extent[], shape: Shape, name: string, fail: Fail): Slice {
  if (extents.length === 0) return { starts: shape.map(() => 0), shape }
  if (extents.length !== shape.length) return fail(`a slice of tensor ${quote(name)} has another number of axes`)
  extents.forEach(({ start, length }, axis) => {
    if (start + (length ?? 0) > shape[axis]! || (length === undefined && start !== 0))
      fail(`a slice of tensor ${quote(name)} lies outside its shape, ${formatShape(shape)}`)
  })
  return {
    starts: extents.map(extent => extent.start),
    shape: extents.map(({ length }, axis) => length ?? shape[axis]!),
  }
}

/** Fails unless the parts are the tensor: none overlaps another, and together they have its size. */
export function checkCover(slices: readonly Slice[], shape: Shape, name: string, fail: Fail): void {
  if (slices.length > mostSlices) fail(`tensor ${quote(name)} is cut in more than ${mostSlices} slices`)
  slices.forEach((slice, i) => {
    if (sizeOf(slice.shape) === 0 && slices.length > 1) fail(`tensor ${quote(name)} has an empty slice`)
    for (let j = 0; j < i; j++) if (overlap(slice, slices[j]!)) fail(`slices of tensor ${quote(name)} overlap`)
  })
  const total = slices.reduce((sum, slice) => sum + sizeOf(slice.shape), 0)
  if (slices.length === 0 || total !== sizeOf(shape)) fail(`slices of tensor ${quote(name)} are missing`)
}

const overlap = (a: Slice, b: Slice): boolean =>
  a.starts.every((start, axis) => start < b.starts[axis]! + b.shape[axis]! && b.starts[axis]! < start + a.shape[axis]!)

/** Copies a part's elements to their places in the bytes of a tensor of this shape. */
export function placeSlice(target: Uint8Array, shape: Shape, { starts, shape: part }: Slice, source: Uint8Array): void {
  if (source.length === 0) return
  const size = source.length / sizeOf(part)
  // Axes that the part takes whole, counted from the last, lie in one run with the axis before them.
  let axis = shape.length - 1
  let run = size
  let stride = size
  while (axis > 0 && part[axis] === shape[axis]) {
    run *= part[axis]!
    stride *= shape[axis--]!
  }
  const length = run * (part[axis] ?? 1)
  const strides: number[] = []
  for (let i = axis; i >= 0; stride *= shape[i--]!) strides[i] = stride
  const index = new Array<number>(Math.max(axis, 0)).fill(0)
  let to = starts.slice(0, axis + 1).reduce((sum, start, i) => sum + start * strides[i]!, 0)
  for (let from = 0; from < source.length; from += length) {
    target.set(source.subarray(from, from + length), to)
    for (let i = axis - 1; i >= 0; i--) {
      to += strides[i]!
      if (++index[i]! < part[i]!) break
      to -= strides[i]! * part[i]!
      index[i] = 0
    }
  }
}
