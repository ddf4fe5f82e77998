import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createReference } from '../../src/backends/reference/reference.js'
import { variableOf } from '../../src/graph/ops/source.js'
import { findNetwork } from '../../src/networks/networks.js'
import { buildModel } from '../../src/nn/model.js'
import { writeDescription } from './description.js'
import type { Torch } from './torch.js'

/** What peers read: descriptions and ONNX files, made when first asked for, in a temporary folder that ends with it. */
export class Material implements Disposable {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'inception-peers-'))
  readonly #described = new Set<string>()
  readonly #onnx = new Map<string, Promise<string>>()
  readonly #torch: Torch

  constructor(torch: Torch) {
    this.#torch = torch
  }

  /** The folder with the description and first weights of a published network. */
  described(network: string): string {
    const folder = path.join(this.#folder, network)
    if (this.#described.has(network)) return folder
    mkdirSync(folder)
    const model = buildModel(findNetwork(network), { mode: 'train', batch: 1 })
    const store = createReference().createStore()
    for (const { outputs } of model.graph.nodes) {
      const variable = variableOf(outputs.dst!)
      if (variable) store.declare(variable, 0)
    }
    writeDescription(folder, model, store)
    this.#described.add(network)
    return folder
  }

  /** The ONNX file of a described network for batches of this size. Throws `Unavailable` without PyTorch. */
  onnx(network: string, batch: number, threads: number): Promise<string> {
    const file = path.join(this.#folder, `${network}-${batch}.onnx`)
    const known = this.#onnx.get(file)
    if (known) return known
    const made = this.#torch.export(this.described(network), batch, file, threads).then(() => file)
    this.#onnx.set(file, made)
    return made
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
