/**
 * Outlines as distances: negative inside, 0 on the edge, in units in which the shape is about 2 across. Only operations
 * that IEEE 754 defines to the last bit are used, here and wherever pixels are made, so that every machine draws the same
 * bytes; that rules out sine, exponential and hypot.
 */
export const shapes = {
  disc: (x: number, y: number): number => length(x, y) - 0.88,

  triangle: (x: number, y: number): number => {
    const slanted = halfRootThree * Math.abs(x) - 0.5 * y
    return Math.max(slanted, y) - 0.6
  },

  square: (x: number, y: number): number => {
    const ax = Math.abs(x)
    const ay = Math.abs(y)
    return Math.max(ax, ay) - 0.78
  },

  star: (x: number, y: number): number => {
    // Folded along the five axes of symmetry until only one edge of one point is left.
    let px = Math.abs(x)
    let py = y
    const first = 2 * positive(cos36 * px - sin36 * py)
    px -= first * cos36
    py += first * sin36
    const second = 2 * positive(-cos36 * px - sin36 * py)
    px += second * cos36
    py += second * sin36
    if (px < 0) px = -px
    py -= starTip
    const ax = starWaist * sin36
    const ay = starWaist * cos36 - 1
    const along = (px * ax + py * ay) / (ax * ax + ay * ay)
    const held = along < 0 ? 0 : Math.min(along, starTip)
    const distance = length(px - ax * held, py - ay * held)
    return py * ax - px * ay < 0 ? -distance : distance
  },

  ring: (x: number, y: number): number => {
    const fromMiddle = length(x, y) - 0.66
    return (fromMiddle < 0 ? -fromMiddle : fromMiddle) - 0.29
  },
} as const satisfies Record<string, (x: number, y: number) => number>

/** The name of an outline. */
export type Shape = keyof typeof shapes

/** All outlines in a fixed order. */
export const shapeNames = ['disc', 'triangle', 'square', 'star', 'ring'] as const satisfies readonly Shape[]

const halfRootThree = 0.8660254037844386
const cos36 = 0.8090169943749475
const sin36 = 0.5877852522924731
const starTip = 1.08
const starWaist = 0.46

const length = (x: number, y: number) => Math.sqrt(x * x + y * y)
const positive = (x: number) => Math.max(x, 0)
