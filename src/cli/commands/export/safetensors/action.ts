import { formatCount } from '../../../../base/format.js'
import { openCheckpoint } from '../../../../training/open-checkpoint.js'
import { exportWeights } from '../../../../weights/export-weights.js'
import { warn } from '../../../warn.js'
import type { CommonFlags, Written } from '../form.js'
import type { Flags } from '../safetensors.js'

export async function writeSafetensors(file: string, { names, out }: Flags & CommonFlags): Promise<Written> {
  using checkpoint = openCheckpoint(file, warn)
  const exported = exportWeights(checkpoint, names, out)
  return {
    facts: exported,
    text: `${out}: ${formatCount(exported.tensors)} tensors under the names of ${exported.names}${exported.auxiliary ? ', with the auxiliary head' : ''}`,
  }
}
