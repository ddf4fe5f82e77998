import path from 'node:path'
import { UserError } from '../base/error.js'
import { cropProtocols } from '../data/crops/crops.js'
import { fileDigest } from '../formats/file-digest.js'
import { isJsonObject } from '../formats/json.js'
import { summarise } from '../networks/summary.js'
import type { Checkpoint } from '../training/checkpoint.js'
import { decodeState } from '../training/checkpoint-state.js'
import { readSettings } from '../training/run-folder.js'
import type { Crops } from './crops.js'
import type { Subject } from './row.js'

/** What a table of results says of a checkpoint that is evaluated on `crops`. */
export function subjectOf(checkpoint: Checkpoint, crops: Crops): Omit<Subject, 'crops'> {
  const { model, centralFraction } = decodeState(checkpoint)
  return {
    model: model.network,
    parameters: summarise(model).parameters,
    size: model.size,
    cropShare: isSingle(crops) ? centralFraction : null,
    interpolation: interpolationOf(crops),
    members: 1,
    seed: seedOf(checkpoint.file),
    weights: fileDigest(checkpoint.file),
  }
}

const isSingle = (crops: Crops): boolean => crops.kind === 'views' && cropProtocols[crops.name].count === 1

const interpolationOf = (crops: Crops): string => {
  const resampling = crops.kind === 'views' ? cropProtocols[crops.name].resampling : 'bicubic'
  return resampling === 'tensorflow-bilinear' ? 'bilinear' : resampling
}

/** The seed of the run whose checkpoint this is; null when it does not lie in a run's folder. */
function seedOf(file: string): string | null {
  const folder = path.dirname(path.resolve(file))
  if (path.basename(folder) !== 'checkpoints') return null
  try {
    const { recipe } = readSettings(path.dirname(folder))
    return isJsonObject(recipe) && typeof recipe.seed === 'number' ? String(recipe.seed) : null
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
