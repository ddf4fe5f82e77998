import type { Store } from '../../backends/backend.js'
import { packageVersion } from '../../base/package-version.js'
import type { OnnxModel } from '../../formats/onnx/model.js'
import { inputOp } from '../../graph/ops/source.js'
import type { Passes } from '../../graph/passes/pass-names.js'
import { optimiseInference } from '../../graph/passes/passes.js'
import { modelOptions, networkOf } from '../../networks/model-spec.js'
import { buildModel } from '../../nn/model.js'
import type { Network } from '../../nn/network.js'
import type { Checkpoint } from '../../training/checkpoint.js'
import { decodeState } from '../../training/checkpoint-state.js'
import { normalisationOf } from '../normalisation.js'
import { onnxGraphOf } from './from-graph.js'

/** The names that transformers.js and optimum use. */
export const inputName = 'pixel_values'
const outputName = ({ embedding }: Network) => (embedding === undefined ? 'logits' : 'embedding')

/** What a norm and a residual's scale are folded into, once, when they are exported. */
const folding: Passes = new Set(['fold-norm', 'fuse-residual', 'fold-scale'])

/**
 * A checkpoint's network in evaluation, for any number of images at a time: `pixel_values` [batch, 3, size, size], red
 * before green before blue, → `logits` [batch, classes], or `embedding` [batch, length]. Its numbers are the store's, read when they are written. Its
 * metadata say what it is and how its input is made.
 */
export function onnxModelOf(checkpoint: Checkpoint, store: Store, foldNorm: boolean): OnnxModel {
  const { model, classNames, centralFraction, crop = 'slim', source } = decodeState(checkpoint)
  const network = networkOf(model)
  const { mean, std } = normalisationOf(network.preprocessing)
  const { graph, logits } = buildModel(network, { ...modelOptions(model), mode: 'eval', batch: 1 })
  const output = optimiseInference(graph, logits, foldNorm ? folding : new Set())
  const input = graph.nodes.find(({ op }) => op.name === inputOp.name)!.outputs.dst!
  return {
    producer: { name: 'inception-resnet', version: packageVersion() },
    description: `${network.title} (${network.source}): ${outputName(network)} of ${model.classes}`,
    metadata: {
      network: network.id,
      classes: JSON.stringify(classNames),
      mean: JSON.stringify(mean),
      std: JSON.stringify(std),
      channels: 'rgb',
      crop,
      crop_fraction: String(centralFraction),
      step: String(checkpoint.step),
      ...(source && { source: JSON.stringify(source) }),
    },
    graph: onnxGraphOf({
      name: network.id,
      graph,
      inputs: new Map([[input, inputName]]),
      outputs: { [outputName(network)]: output },
      flipped: new Set(network.preprocessing.order === 'bgr' ? [input] : []),
      batch: 'batch',
      numbers: variable => store.data(variable.name),
    }),
  }
}
