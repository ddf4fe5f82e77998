import { Option } from 'commander'
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
  readonly foldNorm: boolean
}

export const onnxForm: ExportForm<Flags> = {
  about: 'ONNX of opset 17, compared in ONNX Runtime',
  options: [
    new Option('--no-fold-norm', 'keep batch norms as nodes of their own'),
    boundOption(),
    variantsOption(),
    calibrateOption(),
    imagesOption(),
    ...engineOptions(),
  ],
  required: [],
  write: async (file, flags) => (await import('./onnx/action.js')).writeOnnx(file, flags),
}
