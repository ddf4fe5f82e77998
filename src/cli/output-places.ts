import { accessSync, constants, mkdirSync } from 'node:fs'
import { fileError } from '../formats/file-error.js'

/** Makes a folder that can be written to, before anything takes its time. Errors: UserError when that cannot be. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw fileError('write', folder, error)
  }
}
