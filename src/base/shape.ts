/** Lengths of a tensor's axes, outermost first. Feature maps are [batch, channels, height, width]. */
export type Shape = readonly number[]

/** The number of elements of a tensor of this shape; 1 for a scalar. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1)

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i])

/** "8×320×35×35"; "scalar" when there are no axes. */
export const formatShape = (shape: Shape): string => (shape.length === 0 ? 'scalar' : shape.join('×'))
