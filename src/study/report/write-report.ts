import path from 'node:path'
import { writeText } from '../../formats/atomic-file.js'
import type { StudyResult } from '../result.js'
import { renderCsv } from './csv.js'
import { renderMarkdown } from './markdown.js'
import { writePictures } from './pictures.js'
import { renderReport } from './report.js'

/** Where the report of a study was written. */
export interface ReportFiles {
  readonly html: string
  readonly markdown: string
  readonly csv: string
  readonly pictures: readonly string[]
}

/**
 * Writes `report.html`, `report.md`, `report.csv` and `pictures/` into `folder`, which is made if need be.
 *
 * @throws UserError when the folder cannot be written
 */
export async function writeReport(result: StudyResult, folder: string): Promise<ReportFiles> {
  const pictures = await writePictures(result, path.join(folder, 'pictures'))
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name)
    writeText(file, text)
    return file
  }
  return {
    html: write('report.html', renderReport(result)),
    markdown: write('report.md', renderMarkdown(result)),
    csv: write('report.csv', renderCsv(result)),
    pictures,
  }
}
