import path from 'node:path'
import { writeText } from '../formats/atomic-file.js'
import { encodeCsv } from '../formats/csv.js'
import { encodeJson } from '../formats/json.js'
import type { EvaluationResult } from './result.js'
import { rowsAsCsv } from './row.js'

/**
 * Writes a result into a folder that exists: `result.json` with everything, and tables as CSV: `result.csv` with a row a
 * model, `per-class.csv`, `confusion.csv`, `mistakes.csv`. Each file is whole at every instant.
 * Errors: `UserError` when one cannot be written.
 */
export function writeResult(folder: string, result: EvaluationResult): void {
  const files: Readonly<Record<string, string>> = {
    'result.csv': rowsAsCsv(result.rows),
    'per-class.csv': classesAsCsv(result),
    'confusion.csv': confusionsAsCsv(result),
    'mistakes.csv': mistakesAsCsv(result),
    'result.json': `${encodeJson(result, 'result', 2)}\n`,
  }
  for (const [name, text] of Object.entries(files)) writeText(path.join(folder, name), text)
}

/** Errors are percentages of the class's images. */
const classesAsCsv = ({ classes }: EvaluationResult): string =>
  encodeCsv(
    ['class', 'images', 'top1', 'top1_err', 'top5', 'top5_err'],
    classes.map(({ name, images, top1Error, top5Error }) => [
      name,
      images,
      ...[top1Error, top5Error].flatMap(error =>
        error === null ? [null, null] : [percent(1 - error), percent(error)],
      ),
    ]),
  )

const confusionsAsCsv = ({ confusions }: EvaluationResult): string =>
  encodeCsv(
    ['class', 'predicted', 'images'],
    confusions.map(({ label, predicted, count }) => [label, predicted, count]),
  )

const mistakesAsCsv = ({ mistakes }: EvaluationResult): string =>
  encodeCsv(
    ['image', 'class', 'predicted', 'probability'],
    mistakes.map(({ path, label, predicted, probability }) => [path, label, predicted, probability.toFixed(6)]),
  )

const percent = (fraction: number): string => (100 * fraction).toFixed(3)
