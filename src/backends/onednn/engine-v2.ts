import type { Shape } from '../../base/shape.js'
import { arg, type BoundArgument, type Descriptor, type Primitive } from './api.js'
import { constants } from './constants-v2.js'
import { type Create, check, dims, Engine } from './engine.js'
import { addressOf, type CArgument, copyFrom, type Functions, type Handle, type Library } from './library.js'
import type { Operation } from './versions.js'

/** Functions of version 2 only: descriptors are structures that the caller owns, and so are descriptions of operations. */
const signatures = {
  describeByTag: 'int dnnl_memory_desc_init_by_tag(void*, int, void*, int, int)',
  describeByStrides: 'int dnnl_memory_desc_init_by_strides(void*, int, void*, int, void*)',
  describePart: 'int dnnl_memory_desc_init_submemory(void*, void*, void*, void*)',
  appendSum: 'int dnnl_post_ops_append_sum(uint64_t, float)',
  appendEltwise: 'int dnnl_post_ops_append_eltwise(uint64_t, float, int, float, float)',
  concat: 'int dnnl_concat_primitive_desc_create(void*, void*, int, int, void*, uint64_t, uint64_t)',
  sum: 'int dnnl_sum_primitive_desc_create(void*, void*, int, void*, void*, uint64_t, uint64_t)',
  create: 'int dnnl_primitive_desc_create(void*, void*, uint64_t, uint64_t, uint64_t)',
} as const

const operations: Readonly<Record<Operation, string>> = {
  convolution:
    'int dnnl_dilated_convolution_forward_desc_init(void*, int, int, void*, void*, void*, void*, void*, void*, void*, void*)',
  convolutionBackwardData:
    'int dnnl_dilated_convolution_backward_data_desc_init(void*, int, void*, void*, void*, void*, void*, void*, void*)',
  convolutionBackwardWeights:
    'int dnnl_dilated_convolution_backward_weights_desc_init(void*, int, void*, void*, void*, void*, void*, void*, void*, void*)',
  innerProduct: 'int dnnl_inner_product_forward_desc_init(void*, int, void*, void*, void*, void*)',
  innerProductBackwardData: 'int dnnl_inner_product_backward_data_desc_init(void*, void*, void*, void*)',
  innerProductBackwardWeights: 'int dnnl_inner_product_backward_weights_desc_init(void*, void*, void*, void*, void*)',
  matmul: 'int dnnl_matmul_desc_init(void*, void*, void*, void*, void*)',
  pooling: 'int dnnl_pooling_forward_desc_init(void*, int, int, void*, void*, void*, void*, void*, void*)',
  poolingBackward: 'int dnnl_pooling_backward_desc_init(void*, int, void*, void*, void*, void*, void*, void*)',
  eltwise: 'int dnnl_eltwise_forward_desc_init(void*, int, int, void*, float, float)',
  eltwiseBackward: 'int dnnl_eltwise_backward_desc_init(void*, int, void*, void*, float, float)',
  batchNorm: 'int dnnl_batch_normalization_forward_desc_init(void*, int, void*, float, uint32_t)',
  batchNormBackward: 'int dnnl_batch_normalization_backward_desc_init(void*, int, void*, void*, float, uint32_t)',
  binary: 'int dnnl_binary_desc_init(void*, int, void*, void*, void*)',
}

/** Bytes of a dnnl_memory_desc_t, and a bound on every description of an operation. */
const bytesOf = { descriptor: 696, operation: 8192 } as const

/** oneDNN 2, from 2.6 on. */
export class EngineV2 extends Engine {
  readonly #c: Functions<typeof signatures>
  readonly #operations: Functions<typeof operations>
  /** Keeps the descriptors' bytes reachable: others know their addresses only. */
  readonly #descriptors: Uint8Array[] = []
  protected override readonly sourceAndResult = (map: Descriptor) => [map]
  protected override readonly poolingDilation = []

  constructor(library: Library) {
    super(library, constants)
    this.#c = library.bind(signatures)
    this.#operations = library.bind(operations)
  }

  #newDescriptor(what: string, init: (bytes: Uint8Array) => number): Descriptor {
    const bytes = new Uint8Array(bytesOf.descriptor)
    check(what, init(bytes))
    this.#descriptors.push(bytes)
    return addressOf(bytes) as number as Descriptor
  }

  protected override newTagged(shape: Shape, dataType: number, tag: number) {
    return this.#newDescriptor(`descriptor of ${shape.join('×')}`, bytes =>
      this.#c.describeByTag(bytes, shape.length, dims(shape), dataType, tag),
    )
  }

  protected override newStrided(shape: Shape, dataType: number, strides: readonly number[]) {
    return this.#newDescriptor(`descriptor of ${shape.join('×')} by strides`, bytes =>
      this.#c.describeByStrides(bytes, shape.length, dims(shape), dataType, dims(strides)),
    )
  }

  protected override newPart(whole: Descriptor, shape: Shape, offsets: Shape) {
    return this.#newDescriptor('submemory', bytes => this.#c.describePart(bytes, whole, dims(shape), dims(offsets)))
  }

  protected override appendSum(postOps: Handle, scale: number) {
    return this.#c.appendSum(postOps, scale)
  }

  protected override appendEltwise(postOps: Handle, algorithm: number, alpha: number, beta: number) {
    const unscaled = 1
    return this.#c.appendEltwise(postOps, unscaled, algorithm, alpha, beta)
  }

  protected override create(
    operation: Operation,
    describedBy: readonly CArgument[],
    attributes: Handle,
    forward: Handle | undefined,
  ): Create {
    const bytes = new Uint8Array(bytesOf.operation)
    check(operation, this.#operations[operation](bytes, ...describedBy))
    return out => this.#c.create(out, bytes, attributes, this.engine, forward ?? 0)
  }

  /**
   * The shift is counted among the inputs of batch norm's backward primitive though no formula reads it; all that is
   * checked is that something is there.
   */
  override bind(what: string, primitive: Primitive, args: readonly BoundArgument[]) {
    const mean = args.find(({ argument }) => argument === arg.mean)
    const wantsShift = mean && args.some(({ argument }) => argument === arg.diffShift)
    return super.bind(what, primitive, wantsShift ? [...args, { ...mean, argument: arg.shift }] : args)
  }

  protected override createConcat(
    axis: number,
    src: readonly Descriptor[],
    dst: Descriptor,
    attributes: Handle,
  ): Create {
    return out => this.#c.concat(out, dst, src.length, axis, sideBySide(src), attributes, this.engine)
  }

  protected override createSum(
    scales: Float32Array,
    src: readonly Descriptor[],
    dst: Descriptor,
    attributes: Handle,
  ): Create {
    return out => this.#c.sum(out, dst, src.length, scales, sideBySide(src), attributes, this.engine)
  }
}

/** An array of structures. */
function sideBySide(descriptors: readonly Descriptor[]): Uint8Array {
  const all = new Uint8Array(descriptors.length * bytesOf.descriptor)
  for (const [i, descriptor] of descriptors.entries())
    all.set(copyFrom(descriptor, bytesOf.descriptor), i * bytesOf.descriptor)
  return all
}
