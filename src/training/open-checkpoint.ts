import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { fileError } from '../formats/file-error.js'
import { type Checkpoint, latestCheckpoint, readCheckpoint } from './checkpoint.js'

/**
 * Opens the checkpoint that a place names: a file, a run's folder for its newest one, or a folder with one checkpoint in
 * it. When a run's newer ones are damaged, `warn` is told of each; `progress` hears of every piece that is read. Errors:
 * `UserError` where there is none.
 */
export function openCheckpoint(
  place: string,
  warn: (message: string) => void,
  progress: () => void = () => {},
): Checkpoint {
  if (!existsSync(place) || !statSync(place).isDirectory()) return readCheckpoint(place, progress)
  const folder = path.join(place, 'checkpoints')
  return existsSync(folder) ? latestCheckpoint(folder, warn, progress) : readCheckpoint(onlyFileOf(place), progress)
}

function onlyFileOf(folder: string): string {
  const [first, second] = filesOf(folder)
  if (first === undefined)
    throw new UserError(`${folder} is a folder without checkpoints: give the folder of a run, or a checkpoint file`)
  if (second !== undefined)
    throw new UserError(`${folder} has several checkpoints, such as ${first} and ${second}: give one of them`)
  return path.join(folder, first)
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.safetensors'))
      .sort()
  } catch (error) {
    throw fileError('read', folder, error)
  }
}
