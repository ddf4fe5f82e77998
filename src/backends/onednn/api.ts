import type { Dtype } from '../../base/dtype.js'
import type { Shape } from '../../base/shape.js'
import type { Window } from '../../graph/ops/window.js'
import type { Belongings } from './belongings.js'

/** Shape, type and layout of a tensor: the address of the library's own description, which is never freed. */
export type Descriptor = number & { readonly brand: 'descriptor' }

/** The tensors of a primitive whose layout can be asked for. */
export type LayoutOf = 'src' | 'diffSrc' | 'weights' | 'diffWeights' | 'dst' | 'diffDst' | 'workspace' | 'scratchpad'

/** A primitive and what it was compiled to. It is generated when it is first bound, so a mere hint costs little. */
export interface Primitive {
  /** The library's name for the implementation it chose, e.g. `brgconv:avx512_core_amx`. */
  readonly implementation: string
  /** The layout that the primitive chose for one of its tensors. */
  layout(what: LayoutOf): Descriptor
}

/** Layouts by name; letters are axes from outermost to innermost, `any` lets a primitive choose. */
export type Tag = 'any' | 'a' | 'ab' | 'ba' | 'abcd' | 'acdb' | 'abcde' | 'aBcd16b'

/**
 * What is done to each result before it is stored, in order: `sum` adds the old content of the destination times
 * `scale`, `linear` is alpha · x + beta, `binaryAdd` adds a tensor, bound as `postOpArgument(i)`.
 */
export type PostOp =
  | { readonly kind: 'sum'; readonly scale: number }
  | { readonly kind: 'relu' }
  | { readonly kind: 'linear'; readonly alpha: number; readonly beta: number }
  | { readonly kind: 'binaryAdd'; readonly src: Descriptor }

export interface Attributes {
  readonly postOps?: readonly PostOp[]
}

/** Whether a forward primitive prepares for a backward one. */
export type Propagation = 'training' | 'inference'

export interface ConvolutionOptions extends Attributes {
  /** @default 'direct' */
  readonly algorithm?: 'direct' | 'winograd' | 'auto'
  readonly window: Pick<Window, 'strides' | 'padding'>
}

export interface PoolingOptions extends Attributes {
  readonly algorithm: 'max' | 'averageIncludingPadding' | 'averageExcludingPadding'
  readonly window: Window
}

export interface EltwiseOptions extends Attributes {
  /** `reluUseDst` is the ReLU whose backward primitive reads the result; `linear` is alpha · x + beta. */
  readonly algorithm: 'relu' | 'reluUseDst' | 'linear'
  /** @default 0 */
  readonly alpha?: number
  /** @default 0 */
  readonly beta?: number
}

export interface BatchNormOptions extends Attributes {
  readonly epsilon: number
  readonly flags: readonly ('useGlobalStats' | 'fuseNormRelu' | 'useScale' | 'useShift')[]
}

export type BinaryAlgorithm = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max'

/** Names of tensors mapped to their descriptors. */
type Tensors<Names extends string> = { readonly [N in Names]: Descriptor }
interface Bias {
  readonly bias?: Descriptor | undefined
}
interface DiffBias {
  readonly diffBias?: Descriptor | undefined
}
interface Forward {
  /** @default 'training' */
  readonly propagation?: Propagation
}
interface Backward {
  /** The forward primitive that this one belongs to. */
  readonly forward: Primitive
}

/**
 * oneDNN's CPU engine behind one interface, whichever version of the C library is loaded. Every maker throws
 * OnednnError where the library has no implementation for the layouts given.
 */
export interface Api {
  /** For example '2.6.3'. */
  readonly version: string

  describe(shape: Shape, dtype: Exclude<Dtype, 'workspace'>, layout: Tag): Descriptor
  /** A layout by the distance between neighbours along each axis, in elements. */
  describeStrided(shape: Shape, dtype: Exclude<Dtype, 'workspace'>, strides: readonly number[]): Descriptor
  /** The part of a tensor that begins at `offsets`, as a descriptor of its own over the same memory. */
  part(whole: Descriptor, shape: Shape, offsets: Shape): Descriptor
  sameLayout(a: Descriptor, b: Descriptor): boolean
  bytes(descriptor: Descriptor): number

  convolution(options: ConvolutionOptions & Forward & Tensors<'src' | 'weights' | 'dst'> & Bias): Primitive
  convolutionBackwardData(
    options: ConvolutionOptions & Backward & Tensors<'diffSrc' | 'weights' | 'diffDst'>,
  ): Primitive
  convolutionBackwardWeights(
    options: ConvolutionOptions & Backward & Tensors<'src' | 'diffWeights' | 'diffDst'> & DiffBias,
  ): Primitive
  innerProduct(options: Attributes & Forward & Tensors<'src' | 'weights' | 'dst'> & Bias): Primitive
  innerProductBackwardData(options: Attributes & Backward & Tensors<'diffSrc' | 'weights' | 'diffDst'>): Primitive
  innerProductBackwardWeights(
    options: Attributes & Backward & Tensors<'src' | 'diffWeights' | 'diffDst'> & DiffBias,
  ): Primitive
  matmul(options: Attributes & Tensors<'src' | 'weights' | 'dst'> & Bias): Primitive
  pooling(options: PoolingOptions & Forward & Tensors<'src' | 'dst'>): Primitive
  poolingBackward(options: PoolingOptions & Backward & Tensors<'diffSrc' | 'diffDst'>): Primitive
  /** `map` describes source and result. */
  eltwise(options: EltwiseOptions & Forward & Tensors<'map'>): Primitive
  /** `map` describes all three tensors. */
  eltwiseBackward(options: EltwiseOptions & Backward & Tensors<'map'>): Primitive
  /** `map` describes source and result. */
  batchNorm(options: BatchNormOptions & Forward & Tensors<'map'>): Primitive
  /** `map` describes all maps: source, gradient in, gradient out. */
  batchNormBackward(options: BatchNormOptions & Backward & Tensors<'map'>): Primitive
  binary(options: Attributes & { readonly algorithm: BinaryAlgorithm } & Tensors<'src' | 'src1' | 'dst'>): Primitive
  reorder(options: Attributes & Tensors<'src' | 'dst'>): Primitive
  concat(
    options: Attributes & { readonly axis: number; readonly src: readonly Descriptor[] } & Tensors<'dst'>,
  ): Primitive
  /** Σ scales[i] · src[i]; scales are 1 unless given. */
  sum(
    options: Attributes & { readonly src: readonly Descriptor[]; readonly scales?: readonly number[] } & Tensors<'dst'>,
  ): Primitive

  /** The argument of the tensor that the post-op of this index, a `binaryAdd`, reads. */
  postOpArgument(index: number): number

  /**
   * Prepares a primitive to run over tensors at fixed addresses, which must stay valid. The function returned runs it;
   * it throws an OnednnError that begins with `what`.
   */
  bind(what: string, primitive: Primitive, args: readonly BoundArgument[]): () => void

  /**
   * What `make` gives. The primitives that it makes and binds go when `owner` is disposed; those made outside of any
   * such call live as long as the process.
   */
  making<T>(owner: Belongings, make: () => T): T

  /** Gives back the generated code that the library keeps though no primitive has it any more. */
  forgetCode(): void
}

export interface BoundArgument {
  readonly argument: number
  readonly descriptor: Descriptor
  readonly address: number
}

/** What a tensor is to a primitive when it runs (DNNL_ARG_*, the same numbers in versions 2 and 3). */
export const arg = {
  src: 1,
  src1: 2,
  dst: 17,
  weights: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  scratchpad: 80,
  diffSrc: 129,
  diffDst: 145,
  diffWeights: 161,
  diffBias: 169,
  diffScale: 255,
  diffShift: 256,
  multipleSrc: 1024,
} as const

const statusNames = [
  'success',
  'out of memory',
  'invalid arguments',
  'unimplemented',
  'iterator ends',
  'runtime error',
  'not required',
]

/** A failed call of the library. */
export class OnednnError extends Error {
  override readonly name = 'OnednnError'
  readonly status: number

  constructor(call: string, status: number) {
    super(`oneDNN: ${call}: ${statusNames[status] ?? `status ${status}`}`)
    this.status = status
  }
}
