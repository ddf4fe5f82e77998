import type { Dtype } from '../base/dtype.js'
import { UserError, unknownChoice } from '../base/error.js'
import { Graph, ShapeError, type Value } from '../graph/op.js'
import { cast } from '../graph/ops/cast.js'
import type { Replica } from '../graph/ops/replicaRow.js'
import { input } from '../graph/ops/source.js'
import { type Network, publishedColumns } from './network.js'
import { type ExtraNorm, type Frozen, type Mode, type ResidualSum, Root, Scope, type Statistic } from './scope.js'

/** Of an image, in pixels. */
export interface Extent {
  readonly height: number
  readonly width: number
}

export interface ModelOptions {
  readonly mode: Mode
  /** What is not trained in mode `train`. @default nothing */
  readonly frozen?: Frozen | undefined
  readonly batch: number
  /** Columns of the output: classes, or an embedding's length. @default 1000, or the published length */
  readonly classes?: number | undefined
  /** Channel multiplier. @default 1 */
  readonly width?: number
  /** Side of the square input in pixels, or height and width of one that is none. @default the published size */
  readonly size?: number | Extent
  readonly residualScale?: number | undefined
  /** Repeat counts that differ from the published ones. */
  readonly blocks?: Readonly<Record<string, number>> | undefined
  /** Whether batch norms have a scale (as in timm) or only a shift (slim, Keras). @default true */
  readonly normScale?: boolean
  /** A batch norm that the published network does not have. @default 'none' */
  readonly extraNorm?: ExtraNorm | undefined
  /** The type that activations are computed in. @default 'f32' */
  readonly precision?: Extract<Dtype, 'f32' | 'bf16'>
  /** The auxiliary head, in training. @default false */
  readonly auxiliary?: boolean
  /** Share of features that dropout keeps. @default 0.8 */
  readonly keep?: number
  /** Keys the dropout masks. @default 0 */
  readonly seed?: number
  /** Which of how many replicas, each with `batch` images of its own. @default the only one */
  readonly replica?: Replica | undefined
  /**
   * Whether batch norms take the statistics of the images of all replicas: the program then exchanges them, and so do
   * those of the others. @default false
   */
  readonly syncBatchNorm?: boolean | undefined
}

/** A network built at one batch size in one mode: the forward graph and its handles. */
export interface Model {
  readonly network: Network
  readonly graph: Graph
  /** [batch, 3, height, width] f32, fed channels-last. */
  readonly images: Value
  /** [batch, classes] f32: an embedding where the network gives one. */
  readonly logits: Value
  readonly auxiliaryLogits: Value | undefined
  readonly parameters: readonly Value[]
  readonly statistics: readonly Statistic[]
  readonly endpoints: ReadonlyMap<string, Value>
  /** The residual sums by block. */
  readonly residuals: ReadonlyMap<string, ResidualSum>
  /** The last feature map before global pooling, and before the extra norm there. */
  readonly pooled: Value
  /** [batch, channels] f32: the mean of each channel of that map, before dropout and the logits; an embedding is its own. */
  readonly features: Value
}

/** Builds the graph of a network. Throws a UserError for a size, block name or number that cannot be. */
export function buildModel(network: Network, options: ModelOptions): Model {
  const { batch, size = network.size, classes = publishedColumns(network), width = 1 } = options
  requireWhole('batch', batch)
  requireWhole('classes', classes)
  const { height, width: across } = typeof size === 'number' ? { height: size, width: size } : size
  requireWhole('size', height)
  requireWhole('size', across)
  const { keep = 1, residualScale = 1 } = options
  if (!(width > 0 && width < Infinity)) throw new UserError(`width ${width}: must be a number above 0`, 2)
  if (!(keep > 0 && keep <= 1)) throw new UserError(`keep ${keep}: must be a share above 0 and at most 1`, 2)
  if (!Number.isFinite(residualScale)) throw new UserError(`residualScale ${residualScale}: must be a finite number`, 2)
  const blocks = { ...network.blocks }
  for (const [name, count] of Object.entries(options.blocks ?? {})) {
    if (!Object.hasOwn(blocks, name)) throw unknownChoice(`block of ${network.id}`, name, Object.keys(blocks))
    requireWhole(`blocks.${name}`, count)
    blocks[name] = count
  }
  try {
    return build(network, options, [height, across], { classes, blocks })
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    const least = leastSize(network, options, Math.min(height, across))
    if (least === undefined) throw error
    const what = options.auxiliary && options.mode === 'train' ? `${network.id} with its auxiliary head` : network.id
    throw new UserError(`${what} does not fit images of ${across}×${height}: the least size is ${least}`, 2, {
      cause: error,
    })
  }
}

function build(
  network: Network,
  options: ModelOptions,
  [height, width]: readonly [height: number, width: number],
  dimensions: Parameters<Network['body']>[0],
): Model {
  const graph = new Graph()
  const root = new Root(graph, {
    mode: options.mode,
    frozen: options.frozen ?? (() => false),
    width: options.width ?? 1,
    residualScale: options.residualScale,
    norm: { epsilon: network.epsilon, scale: options.normScale ?? true, synchronised: options.syncBatchNorm ?? false },
    extraNorm: options.extraNorm ?? 'none',
    keep: options.keep ?? 0.8,
    seed: options.seed ?? 0,
    replica: options.replica ?? { index: 0, of: 1 },
    initial: network.initial,
  })
  const shape = [options.batch, 3, height, width]
  const images = input(graph, { name: 'images', dtype: 'f32', shape, feed: 'nhwc' })
  const top = new Scope(root)
  const logits = top.run(network.body(dimensions), cast(images, options.precision ?? 'f32'))
  const tap = options.auxiliary && options.mode === 'train' ? network.auxiliary : undefined
  const auxiliaryLogits =
    tap && top.child('auxiliary').run(tap.head(dimensions), root.endpoints.get(tap.from(dimensions))!)
  const { parameters, statistics, endpoints, residuals, pooled, features = logits } = root
  if (!pooled) throw new Error(`${network.id} has no global pooling`)
  const handles = { images, logits, auxiliaryLogits, parameters, statistics, endpoints, residuals, pooled, features }
  return { network, graph, ...handles }
}

/** The least side from `from` up to the published one that the network accepts. */
export function leastSize(
  network: Network,
  options: Omit<ModelOptions, 'batch' | 'mode'> & { readonly mode?: Mode },
  from = 1,
): number | undefined {
  for (let size = from; size <= Math.max(network.size, from); size++) {
    try {
      const dimensions = { classes: 2, blocks: { ...network.blocks, ...options.blocks } }
      build(network, { mode: 'train', ...options, batch: 1 }, [size, size], dimensions)
      return size
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error
    }
  }
  return undefined
}

function requireWhole(name: string, value: number) {
  if (!Number.isInteger(value) || value < 1)
    throw new UserError(`${name} ${value}: must be a whole number of at least 1`, 2)
}
