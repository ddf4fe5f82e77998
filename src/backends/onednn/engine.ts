import type { Dtype } from '../../base/dtype.js'
import type { Shape } from '../../base/shape.js'
import { alg, bytesOf, dataType, query, tag } from './constants.js'
import { copyFrom, type Handle, type Library, textAt } from './library.js'

/** A dnnl_memory_desc_t: shape, type and layout of a tensor. */
export type Descriptor = Uint8Array & { readonly brand?: 'descriptor' }

/** A primitive and what it was compiled to. */
export interface Primitive {
  readonly handle: Handle
  readonly implementation: string
  /** The layout that the primitive chose for one of its tensors (`query.*`). */
  layout(what: number): Descriptor
  readonly desc: Handle
}

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

/** One CPU engine and stream, and the makers of descriptors and primitives. Lives as long as the process. */
export class Engine {
  readonly library: Library
  readonly #engine: Handle
  readonly stream: Handle

  constructor(library: Library) {
    this.library = library
    // Distinct shapes of one network's training step exceed the default of 1024 entries.
    library.dnnl_set_primitive_cache_capacity(16384)
    this.#engine = this.#made('engine', out => library.dnnl_engine_create(out, 1, 0))
    this.stream = this.#made('stream', out => library.dnnl_stream_create(out, this.#engine, 1))
  }

  #made(what: string, call: (out: BigUint64Array) => number): Handle {
    const out = new BigUint64Array(1)
    check(what, call(out))
    return Number(out[0]) as Handle
  }

  /** A descriptor with a layout by tag; the tag `any` lets a primitive choose. */
  describe(shape: Shape, dtype: Exclude<Dtype, 'workspace'>, layout: keyof typeof tag): Descriptor {
    const md = new Uint8Array(bytesOf.memoryDesc)
    const status = this.library.dnnl_memory_desc_init_by_tag(
      md,
      shape.length,
      dims(shape),
      dataType[dtype],
      tag[layout],
    )
    check(`descriptor of ${shape.join('×')} as ${layout}`, status)
    return md
  }

  /** The part of a tensor that begins at `offsets`, as a descriptor of its own over the same memory. */
  part(whole: Descriptor, shape: Shape, offsets: Shape): Descriptor {
    const md = new Uint8Array(bytesOf.memoryDesc)
    check('submemory', this.library.dnnl_memory_desc_init_submemory(md, whole, dims(shape), dims(offsets)))
    return md
  }

  sameLayout(a: Descriptor, b: Descriptor): boolean {
    return this.library.dnnl_memory_desc_equal(a, b) !== 0
  }

  bytes(md: Descriptor): number {
    return this.library.dnnl_memory_desc_get_size(md)
  }

  /** A memory object over bytes that somebody else owns. */
  memory(md: Descriptor, address: number): Handle {
    return this.#made('memory', out => this.library.dnnl_memory_create(out, md, this.#engine, address))
  }

  /** Attributes: scratchpad from our arena, and optionally a ReLU on the result and a scale on the second source. */
  attributes({
    relu = false,
    scales = [],
  }: {
    relu?: boolean
    scales?: readonly (readonly [argument: number, scale: number])[]
  } = {}): Handle {
    const attr = this.#made('attributes', out => this.library.dnnl_primitive_attr_create(out))
    check('scratchpad mode', this.library.dnnl_primitive_attr_set_scratchpad_mode(attr, 1))
    for (const [argument, scale] of scales)
      check('scales', this.library.dnnl_primitive_attr_set_scales(attr, argument, 1, 0, Float32Array.of(scale)))
    if (relu) {
      const post = this.#made('post-ops', out => this.library.dnnl_post_ops_create(out))
      check('relu post-op', this.library.dnnl_post_ops_append_eltwise(post, 1, alg.relu, 0, 0))
      check('post-ops', this.library.dnnl_primitive_attr_set_post_ops(attr, post))
    }
    return attr
  }

  /**
   * A primitive from an operation descriptor that `init` fills in. Throws OnednnError where the library has no
   * implementation for the layouts given.
   */
  primitive(
    what: string,
    init: (operation: Uint8Array) => number,
    {
      attributes = this.attributes(),
      hint,
    }: { readonly attributes?: Handle; readonly hint?: Primitive | undefined } = {},
  ): Primitive {
    const operation = new Uint8Array(bytesOf.operationDesc)
    check(what, init(operation))
    return this.#compile(what, out =>
      this.library.dnnl_primitive_desc_create(out, operation, attributes, this.#engine, hint?.desc ?? 0),
    )
  }

  reorder(from: Descriptor, to: Descriptor): Primitive {
    return this.#compile('reorder', out =>
      this.library.dnnl_reorder_primitive_desc_create(out, from, this.#engine, to, this.#engine, this.attributes()),
    )
  }

  concat(axis: number, from: readonly Descriptor[], to: Descriptor): Primitive {
    return this.#compile('concat', out =>
      this.library.dnnl_concat_primitive_desc_create(
        out,
        to,
        from.length,
        axis,
        join(from),
        this.attributes(),
        this.#engine,
      ),
    )
  }

  sum(from: readonly Descriptor[], to: Descriptor): Primitive {
    const ones = new Float32Array(from.length).fill(1)
    return this.#compile('sum', out =>
      this.library.dnnl_sum_primitive_desc_create(
        out,
        to,
        from.length,
        ones,
        join(from),
        this.attributes(),
        this.#engine,
      ),
    )
  }

  #compile(what: string, create: (out: BigUint64Array) => number): Primitive {
    const desc = this.#made(what, create)
    let handle: Handle | undefined
    const make = () => this.#made(what, out => this.library.dnnl_primitive_create(out, desc))
    const text = this.#made(`${what} name`, out =>
      this.library.dnnl_primitive_desc_query(desc, query.implementation, 0, out),
    )
    const layout = (which: number): Descriptor => {
      const address = this.library.dnnl_primitive_desc_query_md(desc, which, 0)
      if (address === 0) throw new Error(`oneDNN: ${what} has no tensor ${which}`)
      return copyFrom(address, bytesOf.memoryDesc)
    }
    return {
      // A primitive that only serves as a hint is never generated.
      get handle() {
        return (handle ??= make())
      },
      desc,
      implementation: textAt(text),
      layout,
    }
  }
}

export function check(call: string, status: number): void {
  if (status !== 0) throw new OnednnError(call, status)
}

/** Lengths as the 64-bit integers that the library reads; twelve at most. */
export const dims = (lengths: readonly number[]): BigInt64Array => BigInt64Array.from(lengths, BigInt)

function join(descriptors: readonly Descriptor[]): Uint8Array {
  const all = new Uint8Array(descriptors.length * bytesOf.memoryDesc)
  for (const [i, md] of descriptors.entries()) all.set(md, i * bytesOf.memoryDesc)
  return all
}
