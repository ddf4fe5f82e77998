// A job is a table of rows, one a chunk of work, 16 words of 32 bits each:
//   word 0      the kernel
//   word 1      how many elements
//   words 2–6   addresses of the operands, in the order of the kernel's parameters; 0 = absent
//   word 7      address of the f64 that receives the chunk's sum
//   words 8–14  addresses of the f64 scalars, in the order of the kernel's parameters
//   word 15     the chunk's first element, counted in its task
export const ROW_WORDS: usize = 16
export const OPERANDS: usize = 2
export const SUM: usize = 7
export const SCALARS: usize = 8
export const FIRST: usize = 15

@inline
export function kernelOf(row: usize): u32 {
  return load<u32>(row)
}

@inline
export function countOf(row: usize): usize {
  return load<u32>(row, 4)
}

@inline
export function firstOf(row: usize): u32 {
  return load<u32>(row + (FIRST << 2))
}

@inline
export function operand(row: usize, k: usize): usize {
  return load<u32>(row + ((OPERANDS + k) << 2))
}

@inline
export function sumAddress(row: usize): usize {
  return load<u32>(row + (SUM << 2))
}

@inline
export function scalar(row: usize, k: usize): f64 {
  return load<f64>(load<u32>(row + ((SCALARS + k) << 2)))
}

/** The scalar in every lane, rounded once from double precision. */
@inline
export function splat(value: f64): v128 {
  return f32x4.splat(<f32>value)
}
