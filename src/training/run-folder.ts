import { existsSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../base/error.js'
import { removeLeftovers, writeText } from '../formats/atomic-file.js'
import { fileError, systemCode } from '../formats/file-error.js'
import { decodeJsonObject, encodeJson, isJsonObject, type Json, type JsonObject } from '../formats/json.js'

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
  readonly #unlock: () => void

  constructor(folder: string, settings: JsonObject, unlock: () => void) {
    this.path = folder
    this.settings = settings
    this.eventsFile = path.join(folder, 'events.jsonl')
    this.checkpoints = path.join(folder, 'checkpoints')
    this.reportFile = path.join(folder, 'report.html')
    this.#unlock = unlock
  }

  /** Lets other processes have the folder. */
  close(): void {
    this.#unlock()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Makes the folder of a new run. `settings` is plain data, and reads back equal.
 * Errors: `UserError` when the folder holds another run, is in use, or cannot be written.
 */
export function createRun(folder: string, settings: object): RunFolder {
  const text = textOf(settings, new Date().toISOString())
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw fileError('make', folder, error)
  }
  expectNoRun(folder)
  const unlock = lock(folder)
  try {
    // Once more, now that no other process can be creating it.
    expectNoRun(folder)
    removeLeftovers(folder)
    mkdirSync(path.join(folder, 'checkpoints'), { recursive: true })
    writeText(runFile(folder), text)
    return new RunFolder(folder, readSettings(folder), unlock)
  } catch (error) {
    unlock()
    throw fileError('write', folder, error)
  }
}

/**
 * Opens the folder of a run to train on; `changes` take the place of settings that it was created with.
 * Errors: `UserError` when there is no run in it, its `run.json` is damaged, or it is in use.
 */
export function resumeRun(folder: string, changes: JsonObject = {}): RunFolder {
  const { created, settings } = readRun(folder)
  const changed = { ...settings, ...changes }
  const unlock = lock(folder)
  try {
    const run = new RunFolder(folder, changed, unlock)
    if (!isDeepStrictEqual(changed, settings)) writeText(runFile(folder), textOf(changed, created))
    mkdirSync(run.checkpoints, { recursive: true })
    removeLeftovers(folder)
    removeLeftovers(run.checkpoints)
    return run
  } catch (error) {
    unlock()
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

/**
 * Keeps other processes out of `folder` until the function returned is called or this process dies.
 *
 * Every process puts up a file that carries its identity in its name, and then looks for the files of others. Whoever
 * of two comes second sees the first one's file, so never do both go ahead (both may be turned away, which is safe). A
 * dead process's file is removed by its name, so it can never be a living one's, as a single lock file taken over by
 * two processes at once could be. Errors: `UserError` naming the process that has the folder.
 */
function lock(folder: string): () => void {
  const start = startOf(process.pid) ?? String(Math.round(performance.timeOrigin))
  const own: Holder = { host: hostname().replace(/[^\w.-]/g, '_'), pid: process.pid, start }
  const file = path.join(folder, nameOf(own))
  try {
    writeFileSync(file, '', { flag: 'wx' })
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new UserError(`this process already has ${folder} open for training`)
    throw fileError('write', file, error)
  }
  for (const name of readdirSync(folder)) {
    const other = parseHolder(name)
    if (other === undefined || name === nameOf(own)) continue
    const place = path.join(folder, name)
    if (other.host === own.host && !isAlive(other)) unlinkIfThere(place)
    else {
      unlinkIfThere(file)
      throw new UserError(
        other.host === own.host
          ? `${folder} is in use: process ${other.pid} is training in it; wait for it or stop it first`
          : `${folder} is in use by process ${other.pid} on ${other.host}; if that is no longer running, remove ${place}`,
      )
    }
  }
  let held = true
  return () => {
    if (held) unlinkIfThere(file)
    held = false
  }
}

/** A process. As identifiers are used again, `start`, when it was started, tells it from later ones. */
interface Holder {
  readonly host: string
  readonly pid: number
  readonly start: string
}

const nameOf = ({ host, pid, start }: Holder): string => `.lock-${pid}-${start}-${host}`

function parseHolder(name: string): Holder | undefined {
  const [, pid, start, host] = /^\.lock-(\d+)-(\d+)-(.*)$/.exec(name) ?? []
  if (pid === undefined || start === undefined || host === undefined) return undefined
  return { host, pid: Number(pid), start }
}

function isAlive({ pid, start }: Holder): boolean {
  // The name is not our own, so it is of an earlier process that had our identifier.
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (systemCode(error) !== 'EPERM') return false
  }
  const found = startOf(pid)
  return found === undefined || found === start
}

/**
 * When the process was started, in clock ticks since the machine was (proc(5): field 22 of stat); 'over' for one that
 * ended and whose parent has not noticed, and undefined when the system does not tell.
 */
function startOf(pid: number): string | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // Field 2, the program's name in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'over' : fields[19]
}

function unlinkIfThere(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError('remove', file, error)
  }
}
