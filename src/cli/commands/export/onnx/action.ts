import { formatBytes, formatPercent, formatTable } from '../../../../base/format.js'
import { type ExportedOnnx, exportOnnx, type OnnxFile } from '../../../../export/onnx/export-onnx.js'
import { openCheckpoint } from '../../../../training/open-checkpoint.js'
import { warn } from '../../../warn.js'
import { exporting } from '../exporting.js'
import type { CommonFlags, Written } from '../form.js'
import type { Flags } from '../onnx.js'

export async function writeOnnx(file: string, { out, foldNorm, ...flags }: Flags & CommonFlags): Promise<Written> {
  using checkpoint = openCheckpoint(file, warn)
  const exported = await exporting(flags, options => exportOnnx(checkpoint, { ...options, out, foldNorm }))
  return { facts: exported, text: describe(exported) }
}

function describe({ runtime, files }: ExportedOnnx): string {
  const [first] = files
  const measured = first?.accuracy
  const labelled = measured?.top1Error !== undefined
  const header = ['file', 'size', 'largest difference', 'of the largest logit']
  if (labelled) header.push('top-1 error', 'top-5 error')
  const classifies = measured?.agreement !== undefined
  if (classifies) header.push('same class')
  if (measured) header.push('mean difference', 'ms an image')
  const row = ({ file, bytes, difference, accuracy }: OnnxFile) => [
    file,
    formatBytes(bytes),
    difference.largest.toExponential(1),
    difference.relative.toExponential(1),
    ...(labelled ? [formatPercent(accuracy!.top1Error!), formatPercent(accuracy!.top5Error!)] : []),
    ...(classifies ? [formatPercent(accuracy!.agreement!)] : []),
    ...(measured ? [accuracy!.meanDifference.toPrecision(2), accuracy!.milliseconds.toFixed(1)] : []),
  ]
  const on = measured ? `; accuracy and time on ${measured.images} images` : ''
  return `${formatTable(header, files.map(row))}\nLogits of three drawn images in ${runtime}, against ours${on}`
}
