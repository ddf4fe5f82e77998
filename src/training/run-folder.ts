import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../base/error.js'
import { type FileCalls, removeLeftovers, systemCalls, writeText } from '../formats/atomic-file.js'
import { fileError, systemCode } from '../formats/file-error.js'
import { decodeJsonObject, encodeJson, isJsonObject, type Json, type JsonObject } from '../formats/json.js'
import { FolderLock, type LockOptions } from './folder-lock.js'

/** The form of `run.json`; a program that knows only earlier ones refuses it. */
const schema = 1

/**
 * The folder of one run: `run.json` with everything needed to repeat it, `events.jsonl`, `checkpoints/` and
 * `report.html`. As long as this object is open, no other process can open the folder for training.
 */
export class RunFolder implements Disposable {
  readonly path: string
  /** What the run was created with. */
  readonly settings: JsonObject
  readonly eventsFile: string
  readonly checkpoints: string
  readonly reportFile: string
  readonly #lock: FolderLock

  constructor(folder: string, settings: JsonObject, lock: FolderLock) {
    this.path = folder
    this.settings = settings
    this.eventsFile = path.join(folder, 'events.jsonl')
    this.checkpoints = path.join(folder, 'checkpoints')
    this.reportFile = path.join(folder, 'report.html')
    this.#lock = lock
  }

  /**
   * To be called before anything is written. Errors: `UserError` when this process was stopped for so long that another
   * one has taken the folder over.
   */
  expectHeld(): void {
    this.#lock.expectHeld()
  }

  /** Lets other processes have the folder. */
  close(): void {
    this.#lock.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Calls for writing files that appear whole or not at all, in a folder that may have been taken over meanwhile. */
export const heldCalls = (expectHeld: () => void): FileCalls => ({
  ...systemCalls,
  open(path, flags) {
    expectHeld()
    return systemCalls.open(path, flags)
  },
  rename(from, to) {
    expectHeld()
    systemCalls.rename(from, to)
  },
})

/**
 * Makes the folder of a new run. `settings` is plain data, and reads back equal.
 * Errors: `UserError` when the folder holds another run, is in use, or cannot be written; as `FolderLock.take`.
 */
export async function createRun(folder: string, settings: object, options: LockOptions = {}): Promise<RunFolder> {
  const text = textOf(settings, new Date().toISOString())
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw fileError('make', folder, error)
  }
  expectNoRun(folder)
  const lock = await FolderLock.take(folder, options)
  try {
    // Once more, now that no other process can be creating it.
    expectNoRun(folder)
    removeLeftovers(folder)
    mkdirSync(path.join(folder, 'checkpoints'), { recursive: true })
    writeText(runFile(folder), text)
    return new RunFolder(folder, readSettings(folder), lock)
  } catch (error) {
    lock.close()
    throw fileError('write', folder, error)
  }
}

/**
 * Opens the folder of a run to train on; `changes` take the place of settings that it was created with.
 * Errors: `UserError` when there is no run in it, its `run.json` is damaged, or it is in use; as `FolderLock.take`.
 */
export async function resumeRun(
  folder: string,
  changes: JsonObject = {},
  options: LockOptions = {},
): Promise<RunFolder> {
  readRun(folder)
  const lock = await FolderLock.take(folder, options)
  try {
    // Only now, that no other process can be writing it.
    const { created, settings } = readRun(folder)
    const changed = { ...settings, ...changes }
    const run = new RunFolder(folder, changed, lock)
    if (!isDeepStrictEqual(changed, settings)) writeText(runFile(folder), textOf(changed, created))
    mkdirSync(run.checkpoints, { recursive: true })
    removeLeftovers(folder)
    removeLeftovers(run.checkpoints)
    return run
  } catch (error) {
    lock.close()
    throw fileError('write', folder, error)
  }
}

/** The settings of the run in `folder`, also while another process trains it. Errors: as `resumeRun`. */
export const readSettings = (folder: string): JsonObject => readRun(folder).settings

function readRun(folder: string): { readonly created: Json | undefined; readonly settings: JsonObject } {
  const file = runFile(folder)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR')
      throw new UserError(`${folder} is not the folder of a run: it has no run.json; check the path`, 1, {
        cause: error,
      })
    throw fileError('read', file, error)
  }
  const run = decodeJsonObject(text, file)
  if (typeof run.schema === 'number' && run.schema > schema)
    throw new UserError(`${file} was written by a newer version of this program (schema ${run.schema}); update it`)
  if (run.schema !== schema || !isJsonObject(run.settings))
    throw new UserError(`${file} is damaged: its schema or its settings are missing; restore it from a copy`)
  return { created: run.created, settings: run.settings }
}

const textOf = (settings: object, created: Json | undefined): string =>
  `${encodeJson({ schema, created, settings }, 'run', 2)}\n`

const runFile = (folder: string): string => path.join(folder, 'run.json')

/** Errors: `UserError` when the folder holds a run. */
export function expectNoRun(folder: string): void {
  const checkpoints = path.join(folder, 'checkpoints')
  const traces = ['run.json', 'events.jsonl', 'report.html'].filter(name => existsSync(path.join(folder, name)))
  if (existsSync(checkpoints) && readdirSync(checkpoints).some(name => !name.startsWith('.')))
    traces.push('checkpoints')
  if (traces.length > 0)
    throw new UserError(
      `${folder} holds another run (${traces.join(', ')}): go on with it (--resume ${folder}) or choose another folder (--out)`,
      2,
    )
}
