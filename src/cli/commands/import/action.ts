import path from 'node:path'
import { formatCount } from '../../../base/format.js'
import { type Imported, importWeights } from '../../../weights/import-weights.js'
import type { Flags } from '../import.js'

export async function importFile(file: string, { json, ...flags }: Flags): Promise<void> {
  const imported = await importWeights({ file, ...flags })
  console.log(json ? JSON.stringify(imported, undefined, 2) : describe(imported))
}

function describe({ checkpoint, from, network, classes, embedding, ...rest }: Imported): string {
  const { parameters, tensors, background, auxiliary, ignored, alike, files, sha256 } = rest
  return [
    `${checkpoint}: ${network} ${embedding === undefined ? `of ${formatCount(classes)} classes` : `with embeddings of ${embedding} numbers`} from ${from}, ${formatCount(parameters)} parameters in ${formatCount(tensors)} tensors`,
    ...(background ? ['the first row of the logits, which is no class, was dropped'] : []),
    ...(auxiliary ? ['with the auxiliary head'] : []),
    ...(ignored.length > 0 ? [`ignored: ${summarise(ignored)}`] : []),
    ...(alike.length > 0
      ? [
          `the names fit ${alike.join(' and ')} as well, which is fed other numbers: docs/checkpoints.md says which is whose`,
        ]
      : []),
    `SHA-256 of ${files.length === 1 ? 'the file' : `${files.map(file => path.basename(file)).join(' and ')}, one after the other`}: ${sha256}`,
  ].join('\n')
}

/** "counters of training steps (149), slots of an optimiser (892)" */
function summarise(ignored: Imported['ignored']): string {
  const counts = new Map<string, number>()
  for (const { what } of ignored) counts.set(what, (counts.get(what) ?? 0) + 1)
  return [...counts].map(([what, count]) => `${what} (${formatCount(count)})`).join(', ')
}
