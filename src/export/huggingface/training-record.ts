import { existsSync } from 'node:fs'
import path from 'node:path'
import { isJsonObject, type JsonObject } from '../../formats/json.js'
import type { StartEvent } from '../../training/events.js'
import { readSettings } from '../../training/run-folder.js'
import { readEventLog } from '../../training/sinks/jsonl.js'

/** What the folder of a run says of how its checkpoints came about. */
export interface TrainingRecord {
  readonly recipe: JsonObject
  /** Name of the folder with the images. */
  readonly data: string
  readonly start: StartEvent | undefined
}

/**
 * Of the run that wrote a checkpoint; undefined where the file does not lie in a run's folder. Errors: `UserError` where
 * the run's own files are damaged.
 */
export function trainingRecordOf(checkpoint: string): TrainingRecord | undefined {
  const folder = path.dirname(path.resolve(checkpoint))
  const run = path.dirname(folder)
  if (path.basename(folder) !== 'checkpoints' || !existsSync(path.join(run, 'run.json'))) return undefined
  const { recipe, data } = readSettings(run)
  if (!isJsonObject(recipe) || typeof data !== 'string') return undefined
  const log = path.join(run, 'events.jsonl')
  const start = existsSync(log) ? readEventLog(log).find(event => event.type === 'start') : undefined
  return { recipe, data: path.basename(path.resolve(data)), start }
}
