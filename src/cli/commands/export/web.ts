import { Option } from 'commander'
import { formatBytes } from '../../../base/format.js'
import { type OnnxVariant, onnxVariants } from '../../../export/onnx/export-onnx.js'
import { exportWeb } from '../../../export/web/export-web.js'
import { openCheckpoint } from '../../../training/open-checkpoint.js'
import { oneOf } from '../../arguments.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'
import { boundOption, calibrateOption, engineOptions, exporting, type OnnxFlags } from './onnx-options.js'

interface Flags extends OnnxFlags {
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
  async write(file, { out, variant, ...flags }) {
    using checkpoint = openCheckpoint(file, warn)
    const exported = await exporting(flags, onnx => exportWeb(checkpoint, { out, variant, onnx }))
    const size = formatBytes(exported.bytes)
    return {
      facts: exported,
      text: `${out}: a page of ${size} for any static server, such as 'python3 -m http.server' in that folder`,
    }
  },
}
