import type { Dtype } from '../../base/dtype.js'
import type {
  BatchNormOptions,
  BinaryAlgorithm,
  ConvolutionOptions,
  EltwiseOptions,
  LayoutOf,
  PoolingOptions,
  Propagation,
  Tag,
} from './api.js'

/** A version's values of the enumerations that the interface names by words. */
export interface Constants {
  readonly propagation: Readonly<Record<Propagation | 'backward', number>>
  readonly dataType: Readonly<Record<Exclude<Dtype, 'workspace'>, number>>
  readonly convolution: Readonly<Record<NonNullable<ConvolutionOptions['algorithm']>, number>>
  readonly eltwise: Readonly<Record<EltwiseOptions['algorithm'], number>>
  readonly pooling: Readonly<Record<PoolingOptions['algorithm'], number>>
  readonly binary: Readonly<Record<BinaryAlgorithm, number>>
  readonly tag: Readonly<Record<Tag, number>>
  readonly normFlag: Readonly<Record<BatchNormOptions['flags'][number], number>>
  readonly query: Readonly<Record<LayoutOf | 'implementation', number>>
  /** DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE */
  readonly postOpBase: number
}

/** Functions that versions 2 and 3 have in common. A `void*` also takes an address as a number. */
export const signatures = {
  engineCreate: 'int dnnl_engine_create(void*, int, size_t)',
  streamCreate: 'int dnnl_stream_create(void*, uint64_t, uint32_t)',
  memoryCreate: 'int dnnl_memory_create(void*, void*, uint64_t, uint64_t)',
  memoryDestroy: 'int dnnl_memory_destroy(uint64_t)',
  descriptorsEqual: 'int dnnl_memory_desc_equal(void*, void*)',
  descriptorBytes: 'size_t dnnl_memory_desc_get_size(void*)',
  attributesCreate: 'int dnnl_primitive_attr_create(void*)',
  attributesDestroy: 'int dnnl_primitive_attr_destroy(uint64_t)',
  setScratchpadMode: 'int dnnl_primitive_attr_set_scratchpad_mode(uint64_t, int)',
  setPostOps: 'int dnnl_primitive_attr_set_post_ops(uint64_t, uint64_t)',
  postOpsCreate: 'int dnnl_post_ops_create(void*)',
  postOpsDestroy: 'int dnnl_post_ops_destroy(uint64_t)',
  appendBinary: 'int dnnl_post_ops_append_binary(uint64_t, int, void*)',
  reorderCreate: 'int dnnl_reorder_primitive_desc_create(void*, void*, uint64_t, void*, uint64_t, uint64_t)',
  query: 'int dnnl_primitive_desc_query(uint64_t, int, int, void*)',
  queryDescriptor: 'uint64_t dnnl_primitive_desc_query_md(uint64_t, int, int)',
  descriptionDestroy: 'int dnnl_primitive_desc_destroy(uint64_t)',
  primitiveCreate: 'int dnnl_primitive_create(void*, uint64_t)',
  primitiveDestroy: 'int dnnl_primitive_destroy(uint64_t)',
  execute: 'int dnnl_primitive_execute(uint64_t, uint64_t, int, uint64_t)',
  setCacheCapacity: 'int dnnl_set_primitive_cache_capacity(int)',
} as const

/** The kinds of primitives that each version makes in a way of its own. */
export type Operation =
  | 'convolution'
  | 'convolutionBackwardData'
  | 'convolutionBackwardWeights'
  | 'innerProduct'
  | 'innerProductBackwardData'
  | 'innerProductBackwardWeights'
  | 'matmul'
  | 'pooling'
  | 'poolingBackward'
  | 'eltwise'
  | 'eltwiseBackward'
  | 'batchNorm'
  | 'batchNormBackward'
  | 'binary'
