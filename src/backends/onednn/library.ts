import os from 'node:os'
import koffi from 'koffi'

/** An opaque handle or address of the C side. Addresses fit a double: user space ends below 2⁵³. */
export type Handle = number & { readonly brand: 'handle' }

/** oneDNN's C functions, by their own names. Every function but the version returns a status, 0 for success. */
export type Library = Readonly<
  Record<keyof typeof signatures, (...args: (Handle | number | ArrayBufferView | null)[]) => number>
> & {
  readonly version: string
}

const signatures = {
  dnnl_engine_create: 'int dnnl_engine_create(void*, int, size_t)',
  dnnl_stream_create: 'int dnnl_stream_create(void*, uint64_t, uint32_t)',
  dnnl_memory_create: 'int dnnl_memory_create(void*, void*, uint64_t, uint64_t)',
  dnnl_memory_desc_init_by_tag: 'int dnnl_memory_desc_init_by_tag(void*, int, void*, int, int)',
  dnnl_memory_desc_equal: 'int dnnl_memory_desc_equal(void*, void*)',
  dnnl_memory_desc_get_size: 'size_t dnnl_memory_desc_get_size(void*)',
  dnnl_memory_desc_init_submemory: 'int dnnl_memory_desc_init_submemory(void*, void*, void*, void*)',
  dnnl_memory_desc_reshape: 'int dnnl_memory_desc_reshape(void*, void*, int, void*)',
  dnnl_primitive_attr_create: 'int dnnl_primitive_attr_create(void*)',
  dnnl_primitive_attr_set_scratchpad_mode: 'int dnnl_primitive_attr_set_scratchpad_mode(uint64_t, int)',
  dnnl_primitive_attr_set_scales: 'int dnnl_primitive_attr_set_scales(uint64_t, int, int64_t, int, void*)',
  dnnl_primitive_attr_set_post_ops: 'int dnnl_primitive_attr_set_post_ops(uint64_t, uint64_t)',
  dnnl_post_ops_create: 'int dnnl_post_ops_create(void*)',
  dnnl_post_ops_append_eltwise: 'int dnnl_post_ops_append_eltwise(uint64_t, float, int, float, float)',
  dnnl_convolution_forward_desc_init:
    'int dnnl_convolution_forward_desc_init(void*, int, int, void*, void*, void*, void*, void*, void*, void*)',
  dnnl_convolution_backward_data_desc_init:
    'int dnnl_convolution_backward_data_desc_init(void*, int, void*, void*, void*, void*, void*, void*)',
  dnnl_convolution_backward_weights_desc_init:
    'int dnnl_convolution_backward_weights_desc_init(void*, int, void*, void*, void*, void*, void*, void*, void*)',
  dnnl_pooling_forward_desc_init:
    'int dnnl_pooling_forward_desc_init(void*, int, int, void*, void*, void*, void*, void*, void*)',
  dnnl_pooling_backward_desc_init:
    'int dnnl_pooling_backward_desc_init(void*, int, void*, void*, void*, void*, void*, void*)',
  dnnl_eltwise_forward_desc_init: 'int dnnl_eltwise_forward_desc_init(void*, int, int, void*, float, float)',
  dnnl_eltwise_backward_desc_init: 'int dnnl_eltwise_backward_desc_init(void*, int, void*, void*, float, float)',
  dnnl_batch_normalization_forward_desc_init:
    'int dnnl_batch_normalization_forward_desc_init(void*, int, void*, float, uint32_t)',
  dnnl_batch_normalization_backward_desc_init:
    'int dnnl_batch_normalization_backward_desc_init(void*, int, void*, void*, float, uint32_t)',
  dnnl_inner_product_forward_desc_init:
    'int dnnl_inner_product_forward_desc_init(void*, int, void*, void*, void*, void*)',
  dnnl_inner_product_backward_data_desc_init:
    'int dnnl_inner_product_backward_data_desc_init(void*, void*, void*, void*)',
  dnnl_inner_product_backward_weights_desc_init:
    'int dnnl_inner_product_backward_weights_desc_init(void*, void*, void*, void*, void*)',
  dnnl_matmul_desc_init: 'int dnnl_matmul_desc_init(void*, void*, void*, void*, void*)',
  dnnl_binary_desc_init: 'int dnnl_binary_desc_init(void*, int, void*, void*, void*)',
  dnnl_reorder_primitive_desc_create:
    'int dnnl_reorder_primitive_desc_create(void*, void*, uint64_t, void*, uint64_t, uint64_t)',
  dnnl_concat_primitive_desc_create:
    'int dnnl_concat_primitive_desc_create(void*, void*, int, int, void*, uint64_t, uint64_t)',
  dnnl_sum_primitive_desc_create:
    'int dnnl_sum_primitive_desc_create(void*, void*, int, void*, void*, uint64_t, uint64_t)',
  dnnl_primitive_desc_create: 'int dnnl_primitive_desc_create(void*, void*, uint64_t, uint64_t, uint64_t)',
  dnnl_primitive_desc_query: 'int dnnl_primitive_desc_query(uint64_t, int, int, void*)',
  dnnl_primitive_desc_query_md: 'uint64_t dnnl_primitive_desc_query_md(uint64_t, int, int)',
  dnnl_primitive_create: 'int dnnl_primitive_create(void*, uint64_t)',
  dnnl_primitive_execute: 'int dnnl_primitive_execute(uint64_t, uint64_t, int, uint64_t)',
  dnnl_set_primitive_cache_capacity: 'int dnnl_set_primitive_cache_capacity(int)',
} as const

const candidates: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ['libdnnl.so.2'],
  darwin: ['libdnnl.2.dylib'],
}

/** Why the library could not be used, in words for the user. */
export interface Missing {
  readonly reason: string
}

let loaded: Library | Missing | undefined

/** Loads oneDNN once and keeps it for the life of the process. */
export function loadLibrary(): Library | Missing {
  loaded ??= load()
  return loaded
}

function load(): Library | Missing {
  const names = candidates[os.platform()]
  if (!names) return { reason: `oneDNN is not supported on ${os.platform()}` }
  // libgomp reads this when it is loaded. Its default, spinning, makes a step 25 times slower as soon as another
  // process wants one of the cores.
  process.env.OMP_WAIT_POLICY ??= 'passive'
  for (const name of names) {
    try {
      pin(name)
      return bindFunctions(koffi.load(name))
    } catch (error) {
      if (names.at(-1) === name) return { reason: `the dynamic linker cannot load ${name} (${firstLine(error)})` }
    }
  }
  return { reason: 'no candidate' }
}

/**
 * Opens the library so that it is never unmapped: its OpenMP threads outlive koffi's handle at exit, and code that
 * vanishes under a running thread ends the process with a segmentation fault.
 */
function pin(name: string) {
  const [now, nodelete] = os.platform() === 'darwin' ? [0x2, 0x80] : [0x2, 0x1000]
  const dlopen = koffi.load(null).func('void* dlopen(const char*, int)')
  if (!dlopen(name, now | nodelete)) throw new Error('not found')
}

function bindFunctions(lib: ReturnType<typeof koffi.load>): Library {
  const versionPointer = lib.func('void* dnnl_version()')()
  const [major, minor, patch] = koffi.decode(versionPointer, koffi.array('int', 3)) as [number, number, number]
  const functions = Object.fromEntries(
    Object.entries(signatures).map(([name, prototype]) => [name, lib.func(prototype)]),
  )
  return { ...functions, version: `${major}.${minor}.${patch}` } as unknown as Library
}

const firstLine = (error: unknown) => (error instanceof Error ? error.message : String(error)).split('\n')[0]

/** Where a buffer's bytes are. The buffer must stay reachable for as long as the address is used. */
export const addressOf = (view: ArrayBufferView): Handle => Number(koffi.address(view)) as Handle

/** Copies `bytes` bytes from an address of the C side. */
export function copyFrom(address: number, bytes: number): Uint8Array {
  return Uint8Array.from(koffi.decode(BigInt(address), koffi.array('uint8_t', bytes, 'Typed')) as Uint8Array)
}

/** The text at a C string's address. */
export const textAt = (address: number): string => koffi.decode(BigInt(address), 'char', -1) as string
