import { Option } from 'commander'
import { type OnnxVariant, onnxVariants } from '../../../export/onnx/variants.js'
import { oneOf } from '../../arguments.js'
import type { ExportForm } from './form.js'
import { boundOption, calibrateOption, engineOptions, type OnnxFlags } from './onnx-options.js'

export interface Flags extends OnnxFlags {
  readonly variant: OnnxVariant
}

export const webForm: ExportForm<Flags> = {
  about: 'a page that classifies images in the browser',
  options: [
    new Option('--variant <name>', `which model the page loads: ${onnxVariants.join(', ')}`)
      .argParser(oneOf('variant', onnxVariants))
      .default('f32'),
    boundOption(),
    calibrateOption(),
    ...engineOptions(),
  ],
  required: [],
  write: async (file, flags) => (await import('./web/action.js')).writeWeb(file, flags),
}
