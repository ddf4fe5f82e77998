import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Store } from '../../src/backends/backend.js'
import { sizeOf } from '../../src/base/shape.js'
import { encodeJson } from '../../src/formats/json.js'
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors.js'
import { flatten, type Node, type Value } from '../../src/graph/op.js'
import { variableOf } from '../../src/graph/ops/source.js'
import type { Model } from '../../src/nn/model.js'

/** A network for programs that are not ours: the nodes of our own graph, in an order in which they can run. */
export interface Description {
  readonly network: string
  readonly classes: number
  /** Side of the input in pixels. */
  readonly size: number
  /** How many numbers are trained. */
  readonly parameters: number
  /** The value that is the images, and the one that is the logits. */
  readonly input: string
  readonly output: string
  readonly nodes: readonly DescribedNode[]
}

export interface DescribedNode {
  /** Our op's name; `attrs` are its attributes (src/graph/ops). */
  readonly op: string
  readonly attrs: Readonly<Record<string, unknown>>
  readonly scope: string
  /** Values read, by port. */
  readonly inputs: Readonly<Record<string, readonly string[]>>
  /** Tensors of the weights file, by port; for a batch norm its running `mean` and `variance` too. */
  readonly variables: Readonly<Record<string, string>>
  /** The value this node makes, and its shape without the batch. */
  readonly output: string
  readonly shape: readonly number[]
}

const descriptionFile = (folder: string): string => path.join(folder, 'model.json')
const weightsFile = (folder: string): string => path.join(folder, 'weights.safetensors')

/** Describes a model built for training in f32: such a graph has every layer, dropout too. */
export function describe(model: Model): Description {
  const running = new Map(model.statistics.map(({ running, batch }) => [batch, variableOf(running)!.name]))
  const names = new Map(model.graph.nodes.map((node, i) => [node.outputs.dst!, `v${i}`]))
  return {
    network: model.network.id,
    classes: model.logits.shape[1]!,
    size: model.images.shape[2]!,
    parameters: model.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    input: names.get(model.images)!,
    output: names.get(model.logits)!,
    nodes: model.graph.nodes
      .filter(({ inputs }) => flatten(inputs).length > 0)
      .map(node => describeNode(node, names, running)),
  }
}

function describeNode(
  { op, attrs, scope, inputs, outputs }: Node,
  names: ReadonlyMap<Value, string>,
  running: ReadonlyMap<Value, string>,
): DescribedNode {
  const read: Record<string, string[]> = {}
  const variables: Record<string, string> = {}
  for (const [port, entry] of Object.entries(inputs))
    for (const value of flatten({ entry })) {
      const variable = variableOf(value)
      if (variable) variables[port] = variable.name
      else (read[port] ??= []).push(names.get(value)!)
    }
  for (const [port, value] of Object.entries(outputs)) {
    const name = running.get(value)
    if (name) variables[port] = name
  }
  const dst = outputs.dst!
  return {
    op: op.name,
    attrs: attrs as DescribedNode['attrs'],
    scope,
    inputs: read,
    variables,
    output: names.get(dst)!,
    shape: dst.shape.slice(1),
  }
}

/** Writes a description and, from `store`, the tensors that it names into a folder for the peers to read. */
export function writeDescription(folder: string, model: Model, store: Store): void {
  const description = describe(model)
  writeFileSync(descriptionFile(folder), encodeJson(description, 'description'))
  const names = new Set(description.nodes.flatMap(({ variables }) => Object.values(variables)))
  writeSafetensors(
    weightsFile(folder),
    [...names].map(name => ({
      name,
      dtype: 'F32',
      shape: store.variables.get(name)!.shape,
      bytes: () => bytesOf(store.data(name)),
    })),
  )
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength)

export const readDescription = (folder: string): Description =>
  JSON.parse(readFileSync(descriptionFile(folder), 'utf8')) as Description

export interface Tensor {
  readonly shape: readonly number[]
  readonly data: Float32Array<ArrayBuffer>
}

/** Every tensor of a description's weights, by name. */
export const readWeights = (folder: string): Map<string, Tensor> => readTensors(weightsFile(folder))

/** Every tensor of a safetensors file of f32. */
export function readTensors(file: string): Map<string, Tensor> {
  using weights = openSafetensors(file)
  return new Map(
    [...weights.tensors.values()].map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(weights.read(name).buffer) },
    ]),
  )
}

/** Writes tensors of f32, row-major, under their names. */
export function writeTensors(file: string, tensors: ReadonlyMap<string, Tensor>): void {
  writeSafetensors(
    file,
    [...tensors].map(([name, { shape, data }]) => ({ name, dtype: 'F32', shape, bytes: () => bytesOf(data) })),
  )
}
