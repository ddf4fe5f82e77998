import { Option } from 'commander'
import { openBackend } from '../../../backends/open.js'
import { exportHuggingface, type Target, targets } from '../../../export/huggingface/export-huggingface.js'
import { readCheckpoint } from '../../../training/checkpoint.js'
import { oneOf } from '../../arguments.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'

interface Flags {
  readonly target: Target
  readonly results?: readonly string[]
}

export const huggingfaceForm: ExportForm<Flags> = {
  about: 'a folder that timm and transformers.js load',
  options: [
    new Option('--target <program>', `who is to load it: ${targets.join(', ')}`)
      .argParser(oneOf('target', targets))
      .default('both'),
    new Option('--results <folder...>', "evaluations for the model card: what 'inception evaluate --out' wrote"),
  ],
  required: [],
  async write(file, { out, target, results = [] }) {
    using checkpoint = readCheckpoint(file)
    const exported = await exportHuggingface(checkpoint, { out, target, results, backend: openBackend('auto', warn) })
    const { architecture, onnx } = exported
    const loaders = [
      ...(architecture ? [`timm's ${architecture}`] : []),
      ...(onnx ? ["transformers.js' pipeline('image-classification')"] : []),
    ]
    return { facts: exported, text: `${out}: a folder for ${loaders.join(' and ')}` }
  },
}
