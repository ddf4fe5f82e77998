import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../base/error.js'
import { usableCores } from '../../base/threads.js'
import { Crew } from '../crew.js'
import { classNames, maximumClasses } from './scene.js'
import type { SynthSettings } from './settings.js'
import type { SynthReply, SynthTask, SynthWorkerData } from './worker.js'

export interface SynthRun {
  /** Threads. Any number writes the same files. @default the processor's threads, at most 8 */
  readonly workers?: number
  readonly signal?: AbortSignal
  readonly onProgress?: (written: number, total: number) => void
}

/** The content of `dataset.json`. */
export interface SynthDescription {
  readonly generator: 'inception data synth'
  readonly version: number
  readonly settings: SynthSettings
  readonly classes: readonly string[]
  /** Over the SHA-256 of every file in order: equal sums, equal data. */
  readonly sha256: string
}

/** To be raised whenever the same settings would draw other pictures than before. */
const version = 1
const picturesPerTask = 40

/**
 * Writes `folder`/train/<class>/*.jpg, `folder`/val/<class>/*.jpg and `folder`/dataset.json. The tree appears complete
 * or not at all: it is made beside `folder` and moved there at the end. A folder that already holds the same data is left
 * as it is.
 *
 * @returns the description, and whether anything was written
 * @throws {UserError} if a setting is out of range, `folder` holds something else, or the disk refuses
 */
export async function writeSynth(
  folder: string,
  settings: SynthSettings,
  run: SynthRun = {},
): Promise<{ readonly description: SynthDescription; readonly written: boolean }> {
  requireSynthSettings(settings)
  run.signal?.throwIfAborted()
  const existing = await openExisting(folder, settings)
  if (existing !== undefined) return { description: existing, written: false }
  let beside: string | undefined
  try {
    const parent = path.dirname(path.resolve(folder))
    await mkdir(parent, { recursive: true })
    beside = await mkdtemp(path.join(parent, `.${path.basename(path.resolve(folder))}.partial-`))
    const description = await writeTree(beside, settings, run)
    await rename(beside, path.resolve(folder))
    return { description, written: true }
  } catch (error) {
    if (beside !== undefined) await rm(beside, { recursive: true, force: true })
    if (error instanceof UserError || run.signal?.aborted) throw error
    // Another process may have finished the same data first.
    const others = await openExisting(folder, settings)
    if (others !== undefined) return { description: others, written: false }
    throw new UserError(`cannot write the data set ${folder}: ${faultOf(error)}`, 1, { cause: error })
  }
}

/** @throws {UserError} if a setting is out of range */
export function requireSynthSettings(settings: SynthSettings): void {
  const { seed, train, val, classes, size, difficulty } = settings
  for (const [name, value, least, most] of [
    ['seed', seed, 0, Number.MAX_SAFE_INTEGER],
    ['classes', classes, 2, maximumClasses],
    ['train', train, classes, 10_000_000],
    ['val', val, classes, 10_000_000],
    ['size', size, 16, 2048],
  ] as const)
    if (!Number.isSafeInteger(value) || value < least || value > most)
      throw new UserError(`${name} must be a whole number from ${least} to ${most}, not ${value}`, 2)
  if (!(difficulty >= 0 && difficulty <= 1)) throw new UserError(`difficulty must lie in 0 … 1, not ${difficulty}`, 2)
}

/** The description of data already in `folder` if it is what these settings make; undefined if the place is free. */
async function openExisting(folder: string, settings: SynthSettings): Promise<SynthDescription | undefined> {
  let entries: string[]
  try {
    entries = await readdir(await realpath(folder))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new UserError(`cannot use ${folder}: ${faultOf(error)}`, 1, { cause: error })
  }
  if (entries.length === 0) return undefined
  const elsewhere = 'choose another folder or remove this one'
  if (!entries.includes('dataset.json'))
    throw new UserError(`${folder} holds files that are no synthetic data set: ${elsewhere}`)
  const found = await readDescription(path.join(folder, 'dataset.json'))
  if (found === undefined) throw new UserError(`${folder}/dataset.json is no description of a data set: ${elsewhere}`)
  const differences = [
    ...(found.version === version ? [] : [`version ${found.version} instead of ${version}`]),
    ...(['seed', 'train', 'val', 'classes', 'size', 'difficulty'] as const)
      .filter(name => found.settings[name] !== settings[name])
      .map(name => `${name} ${found.settings[name]} instead of ${settings[name]}`),
  ]
  if (differences.length > 0)
    throw new UserError(`${folder} already holds other synthetic data (${differences.join(', ')}): ${elsewhere}`)
  return found
}

async function readDescription(file: string): Promise<SynthDescription | undefined> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<SynthDescription> | null
    const ours = value?.generator === 'inception data synth' && typeof value.settings === 'object' && value.settings
    return ours ? (value as SynthDescription) : undefined
  } catch {
    return undefined
  }
}

async function writeTree(folder: string, settings: SynthSettings, run: SynthRun): Promise<SynthDescription> {
  const classes = classNames(settings.classes)
  const tasks: SynthTask[] = []
  for (const split of ['train', 'val'] as const)
    for (const [label, className] of classes.entries()) {
      await mkdir(path.join(folder, split, className), { recursive: true })
      const count = shareOf(settings[split], settings.classes, label)
      for (let from = 0; from < count; from += picturesPerTask)
        tasks.push({ split, className, from, to: Math.min(count, from + picturesPerTask) })
    }
  const digests = await perform(tasks, folder, settings, run)
  const description: SynthDescription = {
    generator: 'inception data synth',
    version,
    settings: {
      seed: settings.seed,
      train: settings.train,
      val: settings.val,
      classes: settings.classes,
      size: settings.size,
      difficulty: settings.difficulty,
    },
    classes,
    sha256: createHash('sha256').update(digests.flat().join('')).digest('hex'),
  }
  await writeFile(path.join(folder, 'dataset.json'), `${JSON.stringify(description, null, 2)}\n`)
  return description
}

/** `total` split evenly; the first classes get one more where it does not divide. */
const shareOf = (total: number, classes: number, label: number) =>
  Math.floor(total / classes) + (label < total % classes ? 1 : 0)

/** Has the tasks done by worker threads, each taking the next when it is through; the digests in the tasks' order. */
async function perform(
  tasks: readonly SynthTask[],
  folder: string,
  settings: SynthSettings,
  run: SynthRun,
): Promise<readonly (readonly string[])[]> {
  const { workers = Math.min(8, usableCores()), signal, onProgress } = run
  const { seed, size, difficulty } = settings
  const workerData: SynthWorkerData = { folder, seed, size, difficulty }
  const digests: (readonly string[])[] = []
  const assigned: number[] = []
  let upcoming = 0
  let written = 0
  // Its event is over when it was raised while the folders were made.
  signal?.throwIfAborted()
  const { promise, resolve, reject } = withResolvers()
  const crew = new Crew<SynthTask, SynthReply>(
    new URL('./worker.js', import.meta.url),
    Array.from({ length: Math.min(workers, tasks.length) }, () => workerData),
    {
      reply: (reply, worker) => {
        if ('failure' in reply) return reject(new Error(reply.failure))
        digests[assigned[worker]!] = reply.digests
        written += reply.digests.length
        onProgress?.(written, settings.train + settings.val)
        if (written === settings.train + settings.val) resolve()
        else give(worker)
      },
      failure: reject,
    },
  )
  const give = (worker: number) => {
    if (upcoming >= tasks.length || signal?.aborted) return
    assigned[worker] = upcoming
    crew.post(worker, tasks[upcoming++]!)
  }
  const onAbort = () => reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  for (let worker = 0; worker < crew.size; worker++) give(worker)
  try {
    await promise
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await crew.close()
  }
  return digests
}

function withResolvers() {
  let resolve: () => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<void>((done, failed) => {
    resolve = done
    reject = failed
  })
  return { promise, resolve, reject }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : '')

function faultOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const known = {
    ENOSPC: 'no space is left on the disk; free some or choose another folder',
    EDQUOT: 'the disk quota is used up; free some space or choose another folder',
    EACCES: 'permission denied; choose a folder that this user may write to',
    EROFS: 'the file system is read-only; choose another folder',
    ENOTDIR: 'a part of the path is a file, not a folder; choose another folder',
  }
  // An error from a worker is only its text, which Node begins with the code.
  for (const [code, text] of Object.entries(known)) if (codeOf(error) === code || message.startsWith(code)) return text
  return message
}
