import type { Shape } from '../../base/shape.js'
import type { Descriptor } from './api.js'
import { constants } from './constants-v3.js'
import { type Create, dims, Engine, made } from './engine.js'
import type { CArgument, Functions, Handle, Library } from './library.js'
import type { Operation } from './versions.js'

/** Functions of version 3 only: descriptors are made by the library and known by their address. */
const signatures = {
  describeByTag: 'int dnnl_memory_desc_create_with_tag(void*, int, void*, int, int)',
  describeByStrides: 'int dnnl_memory_desc_create_with_strides(void*, int, void*, int, void*)',
  describePart: 'int dnnl_memory_desc_create_submemory(void*, void*, void*, void*)',
  appendSum: 'int dnnl_post_ops_append_sum(uint64_t, float, int32_t, int)',
  appendEltwise: 'int dnnl_post_ops_append_eltwise(uint64_t, int, float, float)',
  concat: 'int dnnl_concat_primitive_desc_create(void*, uint64_t, void*, int, int, void*, uint64_t)',
  sum: 'int dnnl_sum_primitive_desc_create(void*, uint64_t, void*, int, void*, void*, uint64_t)',
} as const

/** Each ends with the forward primitive, if it is a backward one, and the attributes. */
const operations: Readonly<Record<Operation, string>> = {
  convolution:
    'int dnnl_convolution_forward_primitive_desc_create(void*, uint64_t, int, int, void*, void*, void*, void*, void*, void*, void*, void*, uint64_t)',
  convolutionBackwardData:
    'int dnnl_convolution_backward_data_primitive_desc_create(void*, uint64_t, int, void*, void*, void*, void*, void*, void*, void*, uint64_t, uint64_t)',
  convolutionBackwardWeights:
    'int dnnl_convolution_backward_weights_primitive_desc_create(void*, uint64_t, int, void*, void*, void*, void*, void*, void*, void*, void*, uint64_t, uint64_t)',
  innerProduct:
    'int dnnl_inner_product_forward_primitive_desc_create(void*, uint64_t, int, void*, void*, void*, void*, uint64_t)',
  innerProductBackwardData:
    'int dnnl_inner_product_backward_data_primitive_desc_create(void*, uint64_t, void*, void*, void*, uint64_t, uint64_t)',
  innerProductBackwardWeights:
    'int dnnl_inner_product_backward_weights_primitive_desc_create(void*, uint64_t, void*, void*, void*, void*, uint64_t, uint64_t)',
  matmul: 'int dnnl_matmul_primitive_desc_create(void*, uint64_t, void*, void*, void*, void*, uint64_t)',
  pooling:
    'int dnnl_pooling_forward_primitive_desc_create(void*, uint64_t, int, int, void*, void*, void*, void*, void*, void*, void*, uint64_t)',
  poolingBackward:
    'int dnnl_pooling_backward_primitive_desc_create(void*, uint64_t, int, void*, void*, void*, void*, void*, void*, void*, uint64_t, uint64_t)',
  eltwise:
    'int dnnl_eltwise_forward_primitive_desc_create(void*, uint64_t, int, int, void*, void*, float, float, uint64_t)',
  eltwiseBackward:
    'int dnnl_eltwise_backward_primitive_desc_create(void*, uint64_t, int, void*, void*, void*, float, float, uint64_t, uint64_t)',
  batchNorm:
    'int dnnl_batch_normalization_forward_primitive_desc_create(void*, uint64_t, int, void*, void*, float, uint32_t, uint64_t)',
  batchNormBackward:
    'int dnnl_batch_normalization_backward_primitive_desc_create(void*, uint64_t, int, void*, void*, void*, float, uint32_t, uint64_t, uint64_t)',
  binary: 'int dnnl_binary_primitive_desc_create(void*, uint64_t, int, void*, void*, void*, uint64_t)',
}

/** oneDNN 3. */
export class EngineV3 extends Engine {
  readonly #c: Functions<typeof signatures>
  readonly #operations: Functions<typeof operations>
  protected override readonly sourceAndResult = (map: Descriptor) => [map, map]
  protected override readonly poolingDilation = [dims([0, 0])]

  constructor(library: Library) {
    super(library, constants)
    this.#c = library.bind(signatures)
    this.#operations = library.bind(operations)
  }

  protected override newTagged(shape: Shape, dataType: number, tag: number) {
    return described(`descriptor of ${shape.join('×')}`, out =>
      this.#c.describeByTag(out, shape.length, dims(shape), dataType, tag),
    )
  }

  protected override newStrided(shape: Shape, dataType: number, strides: readonly number[]) {
    return described(`descriptor of ${shape.join('×')} by strides`, out =>
      this.#c.describeByStrides(out, shape.length, dims(shape), dataType, dims(strides)),
    )
  }

  protected override newPart(whole: Descriptor, shape: Shape, offsets: Shape) {
    return described('submemory', out => this.#c.describePart(out, whole, dims(shape), dims(offsets)))
  }

  protected override appendSum(postOps: Handle, scale: number) {
    const [zeroPoint, typeOfDestination] = [0, 0]
    return this.#c.appendSum(postOps, scale, zeroPoint, typeOfDestination)
  }

  protected override appendEltwise(postOps: Handle, algorithm: number, alpha: number, beta: number) {
    return this.#c.appendEltwise(postOps, algorithm, alpha, beta)
  }

  protected override create(
    operation: Operation,
    describedBy: readonly CArgument[],
    attributes: Handle,
    forward: Handle | undefined,
  ): Create {
    const last = forward === undefined ? [attributes] : [forward, attributes]
    return out => this.#operations[operation](out, this.engine, ...describedBy, ...last)
  }

  protected override createConcat(
    axis: number,
    src: readonly Descriptor[],
    dst: Descriptor,
    attributes: Handle,
  ): Create {
    return out => this.#c.concat(out, this.engine, dst, src.length, axis, pointers(src), attributes)
  }

  protected override createSum(
    scales: Float32Array,
    src: readonly Descriptor[],
    dst: Descriptor,
    attributes: Handle,
  ): Create {
    return out => this.#c.sum(out, this.engine, dst, src.length, scales, pointers(src), attributes)
  }
}

const described = (what: string, create: Create) => made(what, create) as number as Descriptor

const pointers = (descriptors: readonly Descriptor[]) => BigUint64Array.from(descriptors, BigInt)
