import { statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../base/error.js'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import { readJsonFile } from '../../formats/json-file.js'

/** A line of a model card's table; errors and their 95 % intervals in percent of the images. */
export interface EvaluationLine {
  /** Name of the folder with the images, and of the part of them that was looked at. */
  readonly images: string
  readonly count: number
  /** Images that could not be read. */
  readonly bad: number
  readonly crops: string
  readonly precision: string
  readonly top1: readonly [error: number, low: number, high: number]
  readonly top5: readonly [error: number, low: number, high: number]
}

/** A result with a list of every image's fate is a few megabytes. */
const mostBytes = 256 * 2 ** 20

/**
 * The results of `inception evaluate --out` that are of the weights with this SHA-256. `place` is the folder, or its
 * `result.json`. Errors: `UserError` where it holds no result, or one of other weights.
 */
export function readEvaluations(place: string, weights: string): EvaluationLine[] {
  const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() ?? false
  const file = isFolder ? path.join(place, 'result.json') : place
  const result = readJsonFile(file, mostBytes)
  const lines = isJsonObject(result) && Array.isArray(result.rows) ? result.rows.filter(isJsonObject) : undefined
  if (!lines || !isJsonObject(result) || typeof result.data !== 'string')
    throw new UserError(`${file} is no result of an evaluation: give what 'inception evaluate --out' wrote`, 2)
  const own = lines.filter(row => row.weights_sha256 === weights)
  if (own.length === 0)
    throw new UserError(`${file} is a result of other weights: evaluate this checkpoint, or leave --results out`, 2)
  const data = path.basename(path.resolve(result.data))
  return own.map(row => lineOf(row, data, file))
}

function lineOf(row: JsonObject, data: string, file: string): EvaluationLine {
  const number = (key: string): number => {
    const value = row[key]
    if (typeof value === 'number') return value
    throw new UserError(`${file}: ${key} is missing; evaluate the checkpoint again`)
  }
  const error = (kind: 'top1' | 'top5') =>
    [number(`${kind}_err`), 100 - number(`${kind}_high`), 100 - number(`${kind}_low`)] as const
  return {
    images: row.subset === 'all' ? data : `${data} (${row.subset})`,
    count: number('images'),
    bad: number('images_bad'),
    crops: String(row.crops),
    precision: String(row.precision),
    top1: error('top1'),
    top5: error('top5'),
  }
}
