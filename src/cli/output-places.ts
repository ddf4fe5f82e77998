import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { UserError } from '../base/error.js'
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

/** Errors: UserError where a file is to be written and a folder lies. */
export function expectFilePlace(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`cannot write ${file}: it is a folder, not a file; give a file`)
}
