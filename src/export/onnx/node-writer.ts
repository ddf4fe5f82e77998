import type { Shape } from '../../base/shape.js'
import { type OnnxNode, type OnnxTensor, tensorOf } from '../../formats/onnx/model.js'
import type { OpType } from '../../formats/onnx/rules.js'
import type { OnnxAttribute } from '../../formats/onnx/types.js'

/** Collects nodes and initialisers under names that are their own. */
export class NodeWriter {
  readonly nodes: OnnxNode[] = []
  readonly initializers: OnnxTensor[] = []
  readonly #names = new Set<string>()
  /** Where in the network's text the nodes added from here on belong. */
  scope = ''

  /** `name`, or `name` with a number behind it where it is taken. */
  claim(name: string): string {
    let own = name
    for (let n = 1; this.#names.has(own); n++) own = `${name}_${n}`
    this.#names.add(own)
    return own
  }

  /** Adds a node, named like its output by its scope and operator. Returns the name of its output. */
  add(
    opType: OpType,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    name = this.scope === '' ? opType : `${this.scope}/${opType}`,
  ): string {
    const own = this.claim(name)
    this.nodes.push({ name: own, opType, inputs, output: own, attributes })
    return own
  }

  /** Adds a tensor of a few numbers under the present scope. Returns its name. */
  constant(name: string, type: 'float' | 'int64', shape: Shape, numbers: readonly number[]): string {
    const own = this.claim(this.scope === '' ? name : `${this.scope}.${name}`)
    this.initializers.push(tensorOf(own, type, shape, numbers))
    return own
  }
}
