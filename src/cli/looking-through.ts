import { formatCount } from '../base/format.js'
import type { ScanOptions } from '../data/sources/found-image.js'
import { ProgressLine } from './progress-line.js'

/** Opens images; a line on the terminal tells how far they have been looked through, and `worked` hears of that too. */
export async function lookingThrough<T>(
  open: (options: ScanOptions) => Promise<T>,
  worked: () => void = () => {},
): Promise<T> {
  const line = new ProgressLine(process.stderr)
  try {
    return await open({
      onProgress(what, done, total) {
        line.update(`${what}: ${formatCount(done)} of ${formatCount(total)}`)
        worked()
      },
    })
  } finally {
    line.end()
  }
}
