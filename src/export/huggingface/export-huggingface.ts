import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../base/error.js'
import { isImagenet } from '../../data/imagenet-classes.js'
import { writeText } from '../../formats/atomic-file.js'
import { fileDigest } from '../../formats/file-digest.js'
import { encodeJson } from '../../formats/json.js'
import { expectFree, writeNewFolder } from '../../formats/new-folder.js'
import { networkOf } from '../../networks/model-spec.js'
import type { Checkpoint } from '../../training/checkpoint.js'
import { type CheckpointState, decodeState } from '../../training/checkpoint-state.js'
import { exportWeights, familyFor } from '../../weights/export-weights.js'
import type { Family } from '../../weights/family.js'
import { expectNamedClasses } from '../named-classes.js'
import { wordNetNotice } from '../notice.js'
import { type ExportedOnnx, exportOnnx, type OnnxExportOptions } from '../onnx/export-onnx.js'
import { readEvaluations } from './evaluations.js'
import { modelCard } from './model-card.js'
import { processorConfig } from './processor.js'
import type { Target } from './targets.js'
import { timmConfig } from './timm-config.js'
import { trainingRecordOf } from './training-record.js'
import { transformersConfig } from './transformers-config.js'

export interface HuggingfaceOptions {
  /** A folder that does not exist yet, or is empty. */
  readonly out: string
  /** @default 'both' */
  readonly target?: Target
  /** Evaluations of the checkpoint for its card: folders of `inception evaluate --out`, or their `result.json`. */
  readonly results?: readonly string[]
  /** Of the model for transformers.js; its variants are loaded with the `dtype` of their name. */
  readonly onnx: Omit<OnnxExportOptions, 'out'>
}

export interface ExportedFolder {
  readonly target: Target
  /** What timm calls the network, where the folder is for timm. */
  readonly architecture?: string
  /** The model that transformers.js runs, where the folder is for it. */
  readonly onnx?: ExportedOnnx
}

/**
 * Writes a folder as the Hugging Face hub has them: `config.json`, a model card, and by the target `model.safetensors`
 * (timm), `preprocessor_config.json` and `onnx/` (transformers.js). timm ignores what transformers.js reads and the other
 * way round; but Python's transformers goes by `model_type`, which only the second has.
 *
 * Errors: as `exportOnnx` and `exportWeights`, and `UserError` where timm has no such network, a result is of other
 * weights, or the folder holds something or cannot be written.
 */
export async function exportHuggingface(checkpoint: Checkpoint, options: HuggingfaceOptions): Promise<ExportedFolder> {
  const { out, target = 'both', results = [] } = options
  expectFree(out)
  const state = decodeState(checkpoint)
  expectNamedClasses(state, checkpoint.file)
  const family = target === 'transformers.js' ? undefined : timmFamily(state, checkpoint.file)
  const transformers = target !== 'timm'
  const weights = fileDigest(checkpoint.file)
  const evaluations = results.flatMap(place => readEvaluations(place, weights))
  const training = trainingRecordOf(checkpoint.file)
  return writeNewFolder(out, async folder => {
    const put = (name: string, text: string) => writeText(path.join(folder, name), text)
    const putJson = (name: string, value: object) => put(name, `${encodeJson(value, name, 2)}\n`)
    putJson('config.json', {
      ...(family && timmConfig(state, family)),
      ...(transformers && transformersConfig(state.classNames)),
    })
    if (isImagenet(state.classNames)) put('NOTICE', wordNetNotice())
    if (family) exportWeights(checkpoint, family.library, path.join(folder, 'model.safetensors'), { auxiliary: false })
    if (transformers) putJson('preprocessor_config.json', processorConfig(state, networkOf(state.model).preprocessing))
    const onnx = transformers ? await writeOnnx(checkpoint, folder, options) : undefined
    options.onnx.signal?.throwIfAborted()
    const exported = { target, ...(family && { architecture: family.title }), ...(onnx && { onnx }) }
    put('README.md', modelCard({ ...exported, state, step: checkpoint.step, weights, evaluations, training }))
    return exported
  })
}

/** The models, where transformers.js looks for them; told by the names that they will have. */
async function writeOnnx(
  checkpoint: Checkpoint,
  folder: string,
  { out, onnx }: HuggingfaceOptions,
): Promise<ExportedOnnx> {
  mkdirSync(path.join(folder, 'onnx'))
  const { runtime, files } = await exportOnnx(checkpoint, { ...onnx, out: path.join(folder, 'onnx', 'model.onnx') })
  return { runtime, files: files.map(file => ({ ...file, file: path.join(out, path.relative(folder, file.file)) })) }
}

/** Errors: `UserError` where timm cannot load the network. */
function timmFamily({ model }: CheckpointState, file: string): Family {
  try {
    const family = familyFor(model, 'timm', file)
    if (family.retired) throw new UserError(`timm has no ${model.network}`)
    return family
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`timm cannot load it (--target transformers.js needs no timm): ${error.message}`, 2, {
      cause: error,
    })
  }
}
