import { formatBytes } from '../../../../base/format.js'
import { exportWeb } from '../../../../export/web/export-web.js'
import { openCheckpoint } from '../../../../training/open-checkpoint.js'
import { warn } from '../../../warn.js'
import { exporting } from '../exporting.js'
import type { CommonFlags, Written } from '../form.js'
import type { Flags } from '../web.js'

export async function writeWeb(file: string, { out, variant, ...flags }: Flags & CommonFlags): Promise<Written> {
  using checkpoint = openCheckpoint(file, warn)
  const exported = await exporting(flags, onnx => exportWeb(checkpoint, { out, variant, onnx }))
  const size = formatBytes(exported.bytes)
  return {
    facts: exported,
    text: `${out}: a page of ${size} for any static server, such as 'python3 -m http.server' in that folder`,
  }
}
