import { sizeOf } from '../../src/base/shape.js'
import type { Graph, Node, Value } from '../../src/graph/op.js'
import type { AvgPool } from '../../src/graph/ops/avgPool.js'
import type { Convolution } from '../../src/graph/ops/convolution.js'
import type { Window } from '../../src/graph/ops/window.js'
import type { Model } from '../../src/nn/model.js'

// The notation of layer-tables.ts.

/** A layer and where it stands below its block: ['branch_1', 'a_1x1']. */
interface Placed {
  readonly path: readonly string[]
  readonly text: string
}

/** The rows of a block: a chain, or a row a branch, with what follows the branches last. */
export function describe(model: Model, block: string): string[] {
  const placed = model.graph.nodes.flatMap((node): Placed[] => {
    const text = node.scope === block || node.scope.startsWith(`${block}.`) ? layerText(node, model.graph) : undefined
    return text === undefined
      ? []
      : [
          {
            path: node.scope
              .slice(block.length + 1)
              .split('.')
              .filter(Boolean),
            text,
          },
        ]
  })
  const rows = group(placed)
  const branches = rows.filter(([name]) => name.startsWith('branch_')).map(([, row], i) => `B${i}: ${line(row)}`)
  const rest = rows.filter(([name]) => !name.startsWith('branch_')).flatMap(([, row]) => row)
  return [...branches, ...(rest.length > 0 ? [line(rest)] : [])]
}

/** Layers by the first step of their path, in order; the step is taken off. */
function group(placed: readonly Placed[]): [string, Placed[]][] {
  const groups = new Map<string, Placed[]>()
  for (const {
    path: [first = '', ...path],
    text,
  } of placed)
    groups.set(first, [...(groups.get(first) ?? []), { path, text }])
  return [...groups]
}

function line(row: readonly Placed[]): string {
  const texts = group(row).map(([, inner]) => {
    const forks = group(inner).filter(([name]) => name.startsWith('branch_'))
    return forks.length > 0
      ? `fork{${forks.map(([, fork]) => line(fork)).join(' , ')}}`
      : inner.map(({ text }) => text).join(' · ')
  })
  return texts.join(' · ')
}

/** What makes a convolution with a bias more than a linear one. */
const follows: ReadonlySet<string> = new Set(['relu', 'batchNormInference'])

function layerText({ op, inputs, outputs, attrs }: Node, graph: Graph): string | undefined {
  const { dst } = outputs
  const src = inputs.src as Value
  if (op.name === 'convolution') {
    const { kernel, groups } = attrs as Convolution
    const linear = inputs.bias && !graph.nodes.some(next => follows.has(next.op.name) && next.inputs.src === dst)
    const channels = `${src.shape[1]}→${dst!.shape[1]}`
    return `c${kernel.join('x')}${marks(attrs as Window)}${linear ? 'lin' : ''}${groups > 1 ? ` in ${groups}` : ''} ${channels}`
  }
  if (op.name === 'maxPool') return `max${(attrs as Window).kernel[0]}${marks(attrs as Window)}`
  if (op.name === 'avgPool')
    return `avg${(attrs as Window).kernel[0]}${(attrs as AvgPool).includePadding ? ' with padding' : ''}`
  return undefined
}

/** V where nothing is padded though the kernel is larger than a place; /s for a stride. */
function marks({ kernel, strides, padding }: Window): string {
  const padded = padding.flat().some(pixels => pixels > 0)
  return `${!padded && sizeOf(kernel) > 1 ? 'V' : ''}${strides[0] > 1 ? `/${strides[0]}` : ''}`
}
