import type { Window } from '../../src/graph/ops/window.js'

export type Pair = readonly [number, number]

/** A window with one stride; padding as (before, after) of height and of width. */
export const window = (kernel: Pair, stride: 1 | 2 | 3, height: Pair, width: Pair = height): Window => ({
  kernel,
  strides: [stride, stride],
  padding: [height, width],
})
export const none: Pair = [0, 0]
export const one: Pair = [1, 1]
