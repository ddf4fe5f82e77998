import { Option } from 'commander'
import { type Target, targets } from '../../../export/huggingface/targets.js'
import { oneOf } from '../../arguments.js'
import type { ExportForm } from './form.js'
import {
  boundOption,
  calibrateOption,
  engineOptions,
  imagesOption,
  type OnnxFlags,
  variantsOption,
} from './onnx-options.js'

export interface Flags extends OnnxFlags {
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
    boundOption(),
    variantsOption(),
    calibrateOption(),
    imagesOption(),
    ...engineOptions(),
  ],
  required: [],
  write: async (file, flags) => (await import('./huggingface/action.js')).writeHuggingface(file, flags),
}
