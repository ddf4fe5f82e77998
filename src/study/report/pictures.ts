import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../base/error.js'
import { sharp } from '../../data/sharp.js'
import type { StudyResult } from '../result.js'
import { lineChart } from './line-chart.js'
import { measurementsOf } from './measurements.js'

/** A chart as PNG bytes, `pixels` wide, on white. */
export async function rasterise(svg: string, pixels = 1440): Promise<Buffer> {
  const units = Number(/viewBox="0 0 ([\d.]+) /.exec(svg)?.[1] ?? 420)
  return sharp(Buffer.from(svg), { density: (72 * pixels) / units })
    .resize({ width: pixels })
    .flatten({ background: '#ffffff' })
    .png({ compressionLevel: 9, palette: false })
    .toBuffer()
}

/**
 * Writes a PNG copy of every chart into `folder`, which is made if need be, and returns the paths. Labels need a font
 * on the machine: `hasFont` tells whether there is one.
 *
 * @throws UserError when the folder cannot be written
 */
export async function writePictures(result: StudyResult, folder: string): Promise<string[]> {
  try {
    await mkdir(folder, { recursive: true })
    const written: string[] = []
    for (const chart of measurementsOf(result).flatMap(m => m.figures.flatMap(f => f.charts))) {
      const file = path.join(folder, `${chart.id}.png`)
      await writeFile(file, await rasterise(lineChart(chart)))
      written.push(file)
    }
    return written
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    throw new UserError(`cannot write pictures to ${folder}: ${error.message}; choose another folder`, 1, {
      cause: error,
    })
  }
}

/** Whether pictures of text come out with any ink, which takes a font the system's fontconfig can find. */
export async function hasFont(): Promise<boolean> {
  const word =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20" width="60" height="20"><text x="2" y="15" font-family="sans-serif">epoch</text></svg>'
  const { channels } = await sharp(Buffer.from(word)).flatten({ background: '#ffffff' }).stats()
  return channels.some(c => c.min < 128)
}
