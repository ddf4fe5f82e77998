import { Option } from 'commander'
import { UserError } from '../../../base/error.js'
import { exportHuggingface, type Target, targets } from '../../../export/huggingface/export-huggingface.js'
import { openCheckpoint } from '../../../training/open-checkpoint.js'
import { oneOf } from '../../arguments.js'
import { warn } from '../../warn.js'
import type { ExportForm } from './form.js'
import {
  boundOption,
  calibrateOption,
  engineOptions,
  exporting,
  imagesOption,
  type OnnxFlags,
  variantsOption,
} from './onnx-options.js'

interface Flags extends OnnxFlags {
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
  async write(file, { out, target, results = [], ...flags }) {
    expectOnnx(target, flags)
    using checkpoint = openCheckpoint(file, warn)
    const exported = await exporting(flags, onnx => exportHuggingface(checkpoint, { out, target, results, onnx }))
    const { architecture, onnx } = exported
    const loaders = [
      ...(architecture ? [`timm's ${architecture}`] : []),
      ...(onnx ? ["transformers.js' pipeline('image-classification')"] : []),
    ]
    return { facts: exported, text: `${out}: a folder for ${loaders.join(' and ')}` }
  },
}

/** Errors: UserError where something is asked of an ONNX model that the target has none of. */
function expectOnnx(target: Target, { bound, variants, calibrate, images }: OnnxFlags): void {
  const given = Object.entries({ bound, variants, calibrate, images }).find(([, value]) => value !== undefined)
  if (target === 'timm' && given)
    throw new UserError(`--${given[0]} is of ONNX models, and --target timm has none: leave one of them out`, 2)
}
