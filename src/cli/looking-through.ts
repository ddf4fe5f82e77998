import { formatCount } from '../base/format.js'
import type { ScanOptions } from '../data/sources/found-image.js'
import { ProgressLine } from './progress-line.js'

/** Opens images; a line on the terminal tells how far archives have been looked through, if there are any. */
export async function lookingThrough<T>(open: (options: ScanOptions) => Promise<T>): Promise<T> {
  const line = new ProgressLine(process.stderr)
  try {
    return await open({
      onProgress: (what, done, total) => line.update(`${what}: ${formatCount(done)} of ${formatCount(total)}`),
    })
  } finally {
    line.end()
  }
}
