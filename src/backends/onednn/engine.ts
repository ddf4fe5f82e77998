import type { Dtype } from '../../base/dtype.js'
import type { Shape } from '../../base/shape.js'
import {
  type Api,
  type Attributes,
  arg,
  type BatchNormOptions,
  type BoundArgument,
  type ConvolutionOptions,
  type Descriptor,
  OnednnError,
  type PoolingOptions,
  type PostOp,
  type Primitive,
  type Tag,
} from './api.js'
import type { Belongings } from './belongings.js'
import { addressOf, type CArgument, type Functions, type Handle, type Library, textAt } from './library.js'
import { type Constants, type Operation, signatures } from './versions.js'

/** A call that writes a handle to `out` and returns a status. */
export type Create = (out: BigUint64Array) => number

interface Compiled extends Primitive {
  readonly handle: Handle
  /** The dnnl_primitive_desc_t. */
  readonly description: Handle
}

/** Distinct shapes of one network's training step exceed the default of 1024 entries. */
const cachedPrimitives = 16384

/** Bytes of a dnnl_exec_arg_t: an int, and a pointer 8 bytes on. */
const argumentBytes = 16

/**
 * One CPU engine and stream, and what versions 2 and 3 of the library have in common. Lives as long as the process.
 * Descriptors are made once for each shape, type and layout, and kept.
 */
export abstract class Engine implements Api {
  readonly version: string
  protected readonly engine: Handle
  protected readonly constants: Constants
  readonly #c: Functions<typeof signatures>
  readonly #stream: Handle
  readonly #described = new Map<string, Descriptor>()
  /** Whose is what is being made. */
  #owner: Belongings | undefined

  constructor(library: Library, constants: Constants) {
    this.version = library.version
    this.constants = constants
    this.#c = library.bind(signatures)
    this.#c.setCacheCapacity(cachedPrimitives)
    const cpu = 1
    this.engine = made('engine', out => this.#c.engineCreate(out, cpu, 0))
    this.#stream = made('stream', out => this.#c.streamCreate(out, this.engine, 1))
  }

  protected abstract newTagged(shape: Shape, dataType: number, tag: number): Descriptor
  protected abstract newStrided(shape: Shape, dataType: number, strides: readonly number[]): Descriptor
  protected abstract newPart(whole: Descriptor, shape: Shape, offsets: Shape): Descriptor
  protected abstract appendSum(postOps: Handle, scale: number): number
  protected abstract appendEltwise(postOps: Handle, algorithm: number, alpha: number, beta: number): number
  /** Makes the descriptor of a primitive from what describes it, in the order of the C functions. */
  protected abstract create(
    operation: Operation,
    describedBy: readonly CArgument[],
    attributes: Handle,
    forward: Handle | undefined,
  ): Create
  protected abstract createConcat(axis: number, src: readonly Descriptor[], dst: Descriptor, attributes: Handle): Create
  protected abstract createSum(
    scales: Float32Array,
    src: readonly Descriptor[],
    dst: Descriptor,
    attributes: Handle,
  ): Create
  /** A map as source and as result of one primitive: version 2 has it once, version 3 twice. */
  protected abstract readonly sourceAndResult: (map: Descriptor) => readonly Descriptor[]
  /** What a pooling window without gaps has between kernel and padding. */
  protected abstract readonly poolingDilation: readonly CArgument[]

  describe(shape: Shape, dtype: Exclude<Dtype, 'workspace'>, layout: Tag): Descriptor {
    return this.#keep(`${shape} ${dtype} ${layout}`, () =>
      this.newTagged(shape, this.constants.dataType[dtype], this.constants.tag[layout]),
    )
  }

  describeStrided(shape: Shape, dtype: Exclude<Dtype, 'workspace'>, strides: readonly number[]): Descriptor {
    return this.#keep(`${shape} ${dtype} by ${strides}`, () =>
      this.newStrided(shape, this.constants.dataType[dtype], strides),
    )
  }

  part(whole: Descriptor, shape: Shape, offsets: Shape): Descriptor {
    return this.#keep(`${shape} of ${whole} at ${offsets}`, () => this.newPart(whole, shape, offsets))
  }

  #keep(key: string, make: () => Descriptor): Descriptor {
    let known = this.#described.get(key)
    if (known === undefined) this.#described.set(key, (known = make()))
    return known
  }

  sameLayout(a: Descriptor, b: Descriptor): boolean {
    return a === b || this.#c.descriptorsEqual(a, b) !== 0
  }

  bytes(descriptor: Descriptor): number {
    return this.#c.descriptorBytes(descriptor)
  }

  convolution(options: Parameters<Api['convolution']>[0]): Primitive {
    const { propagation = 'training', src, weights, bias = null, dst } = options
    const kind = this.constants.propagation[propagation]
    const tensors = [src, weights, bias, dst]
    return this.#make(
      'convolution',
      [kind, this.#convolutionBy(options), ...tensors, ...convolutionWindow(options)],
      options,
    )
  }

  convolutionBackwardData(options: Parameters<Api['convolutionBackwardData']>[0]): Primitive {
    const tensors = [options.diffSrc, options.weights, options.diffDst]
    const describedBy = [this.#convolutionBy(options), ...tensors, ...convolutionWindow(options)]
    return this.#make('convolutionBackwardData', describedBy, options, options.forward)
  }

  convolutionBackwardWeights(options: Parameters<Api['convolutionBackwardWeights']>[0]): Primitive {
    const tensors = [options.src, options.diffWeights, options.diffBias ?? null, options.diffDst]
    const describedBy = [this.#convolutionBy(options), ...tensors, ...convolutionWindow(options)]
    return this.#make('convolutionBackwardWeights', describedBy, options, options.forward)
  }

  #convolutionBy({ algorithm = 'direct' }: ConvolutionOptions): number {
    return this.constants.convolution[algorithm]
  }

  innerProduct(options: Parameters<Api['innerProduct']>[0]): Primitive {
    const { propagation = 'training', src, weights, bias = null, dst } = options
    const describedBy = [this.constants.propagation[propagation], src, weights, bias, dst]
    return this.#make('innerProduct', describedBy, options)
  }

  innerProductBackwardData(options: Parameters<Api['innerProductBackwardData']>[0]): Primitive {
    const { diffSrc, weights, diffDst, forward } = options
    return this.#make('innerProductBackwardData', [diffSrc, weights, diffDst], options, forward)
  }

  innerProductBackwardWeights(options: Parameters<Api['innerProductBackwardWeights']>[0]): Primitive {
    const { src, diffWeights, diffBias = null, diffDst, forward } = options
    return this.#make('innerProductBackwardWeights', [src, diffWeights, diffBias, diffDst], options, forward)
  }

  matmul(options: Parameters<Api['matmul']>[0]): Primitive {
    const { src, weights, bias = null, dst } = options
    return this.#make('matmul', [src, weights, bias, dst], options)
  }

  pooling(options: Parameters<Api['pooling']>[0]): Primitive {
    const { propagation = 'training', algorithm, src, dst } = options
    const kind = this.constants.propagation[propagation]
    const by = this.constants.pooling[algorithm]
    return this.#make('pooling', [kind, by, src, dst, ...this.#poolingWindow(options)], options)
  }

  poolingBackward(options: Parameters<Api['poolingBackward']>[0]): Primitive {
    const { algorithm, diffSrc, diffDst, forward } = options
    const by = this.constants.pooling[algorithm]
    return this.#make('poolingBackward', [by, diffSrc, diffDst, ...this.#poolingWindow(options)], options, forward)
  }

  #poolingWindow({ window }: PoolingOptions): CArgument[] {
    return [dims(window.strides), dims(window.kernel), ...this.poolingDilation, ...padding(window)]
  }

  eltwise(options: Parameters<Api['eltwise']>[0]): Primitive {
    const { propagation = 'training', algorithm, alpha = 0, beta = 0, map } = options
    const kind = this.constants.propagation[propagation]
    const describedBy = [kind, this.constants.eltwise[algorithm], ...this.sourceAndResult(map), alpha, beta]
    return this.#make('eltwise', describedBy, options)
  }

  eltwiseBackward(options: Parameters<Api['eltwiseBackward']>[0]): Primitive {
    const { algorithm, alpha = 0, beta = 0, map, forward } = options
    const describedBy = [this.constants.eltwise[algorithm], ...this.sourceAndResult(map), map, alpha, beta]
    return this.#make('eltwiseBackward', describedBy, options, forward)
  }

  batchNorm(options: Parameters<Api['batchNorm']>[0]): Primitive {
    const { propagation = 'training', map, epsilon } = options
    const kind = this.constants.propagation[propagation]
    const describedBy = [kind, ...this.sourceAndResult(map), epsilon, this.#normFlags(options)]
    return this.#make('batchNorm', describedBy, options)
  }

  batchNormBackward(options: Parameters<Api['batchNormBackward']>[0]): Primitive {
    const { map, epsilon, forward } = options
    const kind = this.constants.propagation.backward
    const describedBy = [kind, ...this.sourceAndResult(map), map, epsilon, this.#normFlags(options)]
    return this.#make('batchNormBackward', describedBy, options, forward)
  }

  #normFlags({ flags }: BatchNormOptions): number {
    return flags.reduce((bits, flag) => bits | this.constants.normFlag[flag], 0)
  }

  binary(options: Parameters<Api['binary']>[0]): Primitive {
    const { algorithm, src, src1, dst } = options
    return this.#make('binary', [this.constants.binary[algorithm], src, src1, dst], options)
  }

  reorder(options: Parameters<Api['reorder']>[0]): Primitive {
    const { src, dst } = options
    return this.#compile(
      'reorder',
      options,
      attributes => out => this.#c.reorderCreate(out, src, this.engine, dst, this.engine, attributes),
    )
  }

  concat(options: Parameters<Api['concat']>[0]): Primitive {
    const { axis, src, dst } = options
    return this.#compile('concat', options, attributes => this.createConcat(axis, src, dst, attributes))
  }

  sum(options: Parameters<Api['sum']>[0]): Primitive {
    const { src, scales = src.map(() => 1), dst } = options
    return this.#compile('sum', options, attributes => this.createSum(Float32Array.from(scales), src, dst, attributes))
  }

  #make(operation: Operation, describedBy: readonly CArgument[], options: Attributes, forward?: Primitive): Primitive {
    return this.#compile(operation, options, attributes =>
      this.create(operation, describedBy, attributes, forward && (forward as Compiled).description),
    )
  }

  #compile(what: string, { postOps = [] }: Attributes, create: (attributes: Handle) => Create): Compiled {
    const attributes = this.#newAttributes(postOps)
    const c = this.#c
    const { query } = this.constants
    let description: Handle
    try {
      description = made(what, create(attributes))
    } finally {
      c.attributesDestroy(attributes)
    }
    const owner = this.#owner
    owner?.add(() => check(what, c.descriptionDestroy(description)))
    const generate = () => {
      const primitive = made(what, out => c.primitiveCreate(out, description))
      owner?.add(() => check(what, c.primitiveDestroy(primitive)))
      return primitive
    }
    let handle: Handle | undefined
    return {
      get handle() {
        return (handle ??= generate())
      },
      description,
      implementation: textAt(made(`${what} name`, out => c.query(description, query.implementation, 0, out))),
      layout(which) {
        const address = c.queryDescriptor(description, query[which], 0)
        if (address === 0) throw new Error(`oneDNN: ${what} has no tensor '${which}'`)
        return address as Descriptor
      },
    }
  }

  /** Scratchpad from the caller's memory, and the post-ops. */
  #newAttributes(list: readonly PostOp[]): Handle {
    const c = this.#c
    const attributes = made('attributes', out => c.attributesCreate(out))
    const user = 1
    check('scratchpad mode', c.setScratchpadMode(attributes, user))
    if (list.length === 0) return attributes
    const postOps = made('post-ops', out => c.postOpsCreate(out))
    for (const postOp of list) check(`post-op ${postOp.kind}`, this.#append(postOps, postOp))
    check('post-ops', c.setPostOps(attributes, postOps))
    c.postOpsDestroy(postOps)
    return attributes
  }

  #append(postOps: Handle, postOp: PostOp): number {
    const { eltwise, binary } = this.constants
    switch (postOp.kind) {
      case 'sum':
        return this.appendSum(postOps, postOp.scale)
      case 'relu':
        return this.appendEltwise(postOps, eltwise.relu, 0, 0)
      case 'linear':
        return this.appendEltwise(postOps, eltwise.linear, postOp.alpha, postOp.beta)
      case 'binaryAdd':
        return this.#c.appendBinary(postOps, binary.add, postOp.src)
    }
  }

  postOpArgument(index: number): number {
    return (this.constants.postOpBase * (index + 1)) | arg.src1
  }

  bind(what: string, primitive: Primitive, args: readonly BoundArgument[]): () => void {
    const { handle } = primitive as Compiled
    const [execute, stream] = [this.#c.execute, this.#stream]
    const table = new DataView(new ArrayBuffer(args.length * argumentBytes))
    for (const [i, { argument, descriptor, address }] of args.entries()) {
      const memory = made('memory', out => this.#c.memoryCreate(out, descriptor, this.engine, address))
      this.#owner?.add(() => check('memory', this.#c.memoryDestroy(memory)))
      table.setInt32(i * argumentBytes, argument, true)
      table.setBigUint64(i * argumentBytes + 8, BigInt(memory), true)
    }
    const address = addressOf(table)
    return () => {
      const status = execute(handle, stream, table.byteLength / argumentBytes, address)
      if (status !== 0) check(what, status)
    }
  }

  making<T>(owner: Belongings, make: () => T): T {
    const outer = this.#owner
    this.#owner = owner
    try {
      return make()
    } finally {
      this.#owner = outer
    }
  }

  forgetCode(): void {
    check('cache capacity', this.#c.setCacheCapacity(0))
    check('cache capacity', this.#c.setCacheCapacity(cachedPrimitives))
  }
}

/** The handle that a call makes. */
export function made(what: string, create: Create): Handle {
  const out = new BigUint64Array(1)
  check(what, create(out))
  return Number(out[0]) as Handle
}

export function check(call: string, status: number): void {
  if (status !== 0) throw new OnednnError(call, status)
}

/** Lengths as the 64-bit integers that the library reads. */
export const dims = (lengths: readonly number[]): BigInt64Array => BigInt64Array.from(lengths, BigInt)

/** oneDNN counts the holes between the taps of a window: none. */
const undilated = dims([0, 0])

const padding = ({ padding: [height, width] }: Pick<PoolingOptions['window'], 'padding'>): CArgument[] => [
  dims([height[0], width[0]]),
  dims([height[1], width[1]]),
]

const convolutionWindow = ({ window }: ConvolutionOptions): CArgument[] => [
  dims(window.strides),
  undilated,
  ...padding(window),
]
