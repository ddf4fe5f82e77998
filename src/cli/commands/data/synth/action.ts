import { formatCount } from '../../../../base/format.js'
import { writeSynth } from '../../../../data/synth/folder.js'
import { interruptSignal } from '../../../interrupt.js'
import { ProgressLine } from '../../../progress-line.js'
import type { Flags } from '../synth.js'

export async function synth({ out, json, ...settings }: Flags): Promise<void> {
  const line = new ProgressLine(process.stderr)
  const { description, written } = await writeSynth(out, settings, {
    signal: interruptSignal('removing the pictures drawn so far'),
    onProgress: (done, total) => line.update(`drawing ${formatCount(done)} of ${formatCount(total)}`),
  }).finally(() => line.end())
  if (json) console.log(JSON.stringify(description, undefined, 2))
  else
    console.log(
      `${out}: ${formatCount(settings.train)} training and ${formatCount(settings.val)} validation pictures of ${settings.classes} classes${written ? '' : ' (already there)'}`,
    )
}
