import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../base/error.js'
import { type Checkpoint, latestCheckpoint, readCheckpoint } from '../training/checkpoint.js'
import { warn } from './warn.js'

/** A checkpoint as it is named on the command line: a file, or the folder of a run for its newest whole one. */
export function openCheckpoint(name: string): Checkpoint {
  if (!existsSync(name) || !statSync(name).isDirectory()) return readCheckpoint(name)
  const folder = path.join(name, 'checkpoints')
  if (!existsSync(folder))
    throw new UserError(`${name} is a folder without checkpoints: give the folder of a run, or a checkpoint file`)
  return latestCheckpoint(folder, warn)
}
