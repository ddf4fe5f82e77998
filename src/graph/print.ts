import { formatShape } from '../base/shape.js'
import { flatten, type Graph, type Value } from './op.js'

/** The graph as text, a line a node: `%12 dst:bf16[8×32×149×149] = convolution(src=%3, weights=%4) {…} @stem.conv_1a`. */
export function printGraph(graph: Graph): string {
  const numbers = new Map<Value, string>()
  const lines = graph.nodes.map((node, i) => {
    const outputs = Object.values(node.outputs)
    for (const value of outputs) numbers.set(value, outputs.length > 1 ? `%${i}.${value.port}` : `%${i}`)
    const left = outputs.map(v => `${numbers.get(v)}:${v.dtype}[${formatShape(v.shape)}]`).join(', ')
    const right = Object.entries(node.inputs)
      .filter(([, value]) => value !== undefined)
      .map(
        ([port, value]) =>
          `${port}=${flatten({ value })
            .map(v => numbers.get(v) ?? '?')
            .join('+')}`,
      )
    const attrs = JSON.stringify(node.attrs)
    return `${left}${left && ' = '}${node.op.name}(${right.join(', ')})${attrs === '{}' ? '' : ` ${attrs}`}${node.scope && ` @${node.scope}`}`
  })
  return lines.join('\n')
}
