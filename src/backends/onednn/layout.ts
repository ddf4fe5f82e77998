import type { Dtype } from '../../base/dtype.js'
import type { Node, Value } from '../../graph/op.js'
import { type Input, inputOp, variableOf } from '../../graph/ops/source.js'
import type { Api, Descriptor, Tag } from './api.js'

/** How the channels of a feature map lie: innermost, or in blocks of 16 with height and width outside the block. */
export const mapLayouts = ['channelsLast', 'blocked'] as const
export type MapLayout = (typeof mapLayouts)[number]

/** Parameters, their gradients and whatever has not four axes are row-major, as in checkpoints. */
export type Layout = 'rowMajor' | MapLayout

const tags: { readonly [L in Layout]: Tag } = { rowMajor: 'abcd', channelsLast: 'acdb', blocked: 'aBcd16b' }

export function describe(api: Api, { shape, dtype }: Pick<Value, 'shape' | 'dtype'>, layout: Layout): Descriptor {
  const type: Exclude<Dtype, 'workspace'> = dtype === 'workspace' ? 'f32' : dtype
  if (shape.length === 4) return api.describe(shape, type, tags[layout])
  return api.describe(shape, type, shape.length === 2 ? 'ab' : 'a')
}

/** Whether a value at this port of a node is a feature map, whose layout the backend may choose. */
export const isMapAt = (value: Value, port: string, rowMajor: readonly string[] = []): boolean =>
  value.shape.length === 4 && value.dtype !== 'workspace' && !variableOf(value) && !rowMajor.includes(port)

/** The layout in which a node makes a value, if all maps at the node lie as `maps` says. */
export function layoutOf(node: Node, value: Value, rowMajor: readonly string[] | undefined, maps: MapLayout): Layout {
  if (value.shape.length !== 4 || variableOf(value)) return 'rowMajor'
  if (node.op === (inputOp as unknown)) return (node.attrs as Input).feed === 'nhwc' ? 'channelsLast' : 'rowMajor'
  return rowMajor?.includes(value.port) ? 'rowMajor' : maps
}
