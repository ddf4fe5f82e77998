import { UserError } from '../../../../base/error.js'
import { exportHuggingface } from '../../../../export/huggingface/export-huggingface.js'
import type { Target } from '../../../../export/huggingface/targets.js'
import { openCheckpoint } from '../../../../training/open-checkpoint.js'
import { warn } from '../../../warn.js'
import { exporting } from '../exporting.js'
import type { CommonFlags, Written } from '../form.js'
import type { Flags } from '../huggingface.js'
import type { OnnxFlags } from '../onnx-options.js'

export async function writeHuggingface(
  file: string,
  { out, target, results = [], ...flags }: Flags & CommonFlags,
): Promise<Written> {
  expectOnnx(target, flags)
  using checkpoint = openCheckpoint(file, warn)
  const exported = await exporting(flags, onnx => exportHuggingface(checkpoint, { out, target, results, onnx }))
  const { architecture, onnx } = exported
  const loaders = [
    ...(architecture ? [`timm's ${architecture}`] : []),
    ...(onnx ? ["transformers.js' pipeline('image-classification')"] : []),
  ]
  return { facts: exported, text: `${out}: a folder for ${loaders.join(' and ')}` }
}

/** Errors: UserError where something is asked of an ONNX model that the target has none of. */
function expectOnnx(target: Target, { bound, variants, calibrate, images }: OnnxFlags): void {
  const given = Object.entries({ bound, variants, calibrate, images }).find(([, value]) => value !== undefined)
  if (target === 'timm' && given)
    throw new UserError(`--${given[0]} is of ONNX models, and --target timm has none: leave one of them out`, 2)
}
