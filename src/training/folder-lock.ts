import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { UserError } from '../base/error.js'
import { fileError, systemCode } from '../formats/file-error.js'
import type { Beat } from './lock-beat.js'
import { describeHolder, isAlive, isLock, isOfSameSystem, nameOf, parseName, thisProcess } from './lock-holder.js'

export interface LockOptions {
  /** Seconds between a holder's signs of life. @default 5 */
  readonly beatSeconds?: number
  /**
   * How long nothing may be seen of a holder on another machine until it counts as gone. Longer than a network's file
   * system keeps what it knows of a file (NFS: 60 s). @default 90
   */
  readonly leaseSeconds?: number
  /** Hears for whom it waits, and how long. */
  readonly tell?: (message: string) => void | Promise<void>
  /** Aborting ends the waiting; it throws. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Keeps other processes out of a folder until it is closed or this process dies.
 *
 * Every process puts up a file that carries its identity in its name, and then looks for the files of others. Whoever
 * of two comes second sees the first one's file, so never do both go ahead. A dead process's file is removed by its
 * name, so it can never be a living one's, as a single lock file taken over by two processes at once could be.
 *
 * Whether a process of the same system lives can be asked. The file of one elsewhere is a lease: as long as it lives it
 * writes into the file now and then, and whoever sees no change for long enough, by a clock of its own, takes the folder
 * over. One that was only stopped for so long then finds that its file is gone, before it writes anything (`expectHeld`).
 */
export class FolderLock implements Disposable {
  readonly #folder: string
  readonly #name: string
  readonly #beat: Worker
  #state: 'held' | 'lost' | 'closed' = 'held'

  private constructor(folder: string, name: string, beatSeconds: number) {
    this.#folder = folder
    this.#name = name
    const workerData: Beat = { file: path.join(folder, name), milliseconds: 1000 * beatSeconds }
    this.#beat = new Worker(new URL('./lock-beat.js', import.meta.url), { workerData, execArgv: [] })
    this.#beat.unref()
    // Without signs of life the folder can be taken over, and then is found to be.
    this.#beat.on('error', () => {})
  }

  /**
   * Takes `folder`, which exists. Where a process on another machine may have it, this takes as long as its lease.
   * Errors: `UserError` naming the process that has the folder; named AbortError when the signal was aborted.
   */
  static async take(folder: string, options: LockOptions = {}): Promise<FolderLock> {
    const { beatSeconds = 5, leaseSeconds = 90, tell = () => {}, signal } = options
    const own = nameOf(thisProcess())
    /** What the files of those that are gone held to the last. */
    const gone = new Map<string, string>()
    for (;;) {
      const others = claim(folder, own, gone)
      if (others.length === 0) return new FolderLock(folder, own, beatSeconds)
      await tell(
        `${folder} is locked by ${others.map(describeHolder).join(' and ')}: if nothing is seen of it for ${leaseSeconds} s, it counts as gone and the run goes on here`,
      )
      const times = { beat: 1000 * beatSeconds, lease: 1000 * leaseSeconds, signal }
      const found = await Promise.all(others.map(name => watch(path.join(folder, name), times)))
      for (const [i, name] of others.entries()) {
        const { end, text } = found[i]!
        if (end === 'changed') throw inUse(folder, name)
        if (end === 'still') gone.set(name, text)
      }
      // Two that came at once have both withdrawn, and would meet again.
      if (found.some(({ end }) => end === 'removed')) await sleep(randomInt(1, 1 + 1000 * beatSeconds))
    }
  }

  /** Errors: `UserError` when another process has taken the folder over; nothing may be written there then. */
  expectHeld(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'held' && textOf(path.join(this.#folder, this.#name)) !== undefined) return
    this.#state = 'lost'
    const others = locksIn(this.#folder).filter(name => name !== this.#name)
    throw new UserError(
      `${this.#folder} was taken over${others.length === 0 ? '' : ` by ${others.map(describeHolder).join(' and ')}`}: this process gave no sign of life for too long, and writes nothing more there`,
    )
  }

  /** Lets other processes have the folder. */
  close(): void {
    if (this.#state !== 'closed') {
      void this.#beat.terminate()
      unlinkIfThere(path.join(this.#folder, this.#name))
    }
    this.#state = 'closed'
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/**
 * Puts up this process's file, and takes it down again if others are there that may be alive: these are returned. The
 * files of those that are not are removed.
 * Errors: `UserError` when a living process of this system has the folder.
 */
function claim(folder: string, own: string, gone: ReadonlyMap<string, string>): string[] {
  const file = path.join(folder, own)
  try {
    writeFileSync(file, '0', { flag: 'wx' })
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw new UserError(`this process already has ${folder} open for training`)
    // On a full disk it may have been made, and not written.
    unlinkIfThere(file)
    throw fileError('write', file, error)
  }
  let taken = false
  try {
    const here = thisProcess()
    const others: string[] = []
    for (const name of locksIn(folder)) {
      if (name === own) continue
      const place = path.join(folder, name)
      const other = parseName(name)
      const isNear = other !== undefined && isOfSameSystem(other, here)
      if (isNear && isAlive(other)) throw inUse(folder, name)
      if (isNear || (gone.has(name) && gone.get(name) === textOf(place))) unlinkIfThere(place)
      else others.push(name)
    }
    taken = others.length === 0
    return others
  } finally {
    if (!taken) unlinkIfThere(file)
  }
}

interface Watched {
  readonly end: 'changed' | 'removed' | 'still'
  readonly text: string
}

/** Looks at a file until it changes or is removed, or for so many milliseconds. */
async function watch(
  file: string,
  { beat, lease, signal }: { readonly beat: number; readonly lease: number; readonly signal: AbortSignal | undefined },
): Promise<Watched> {
  const text = textOf(file)
  if (text === undefined) return { end: 'removed', text: '' }
  let looked = performance.now()
  for (let quiet = 0; quiet < lease; ) {
    await sleep(beat, undefined, signal && { signal })
    const found = textOf(file)
    if (found !== text) return { end: found === undefined ? 'removed' : 'changed', text }
    const now = performance.now()
    // Where this process itself was stopped, or the server of the files did not answer, nothing could be seen meanwhile.
    quiet += Math.min(now - looked, 2 * beat)
    looked = now
  }
  return { end: 'still', text }
}

/** What is in a file; undefined where there is none. Opening it is what makes NFS ask the server. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    // ESTALE: it was removed by another machine.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ESTALE') return undefined
    throw fileError('read', file, error)
  }
}

function locksIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter(isLock)
  } catch (error) {
    throw fileError('read', folder, error)
  }
}

function inUse(folder: string, name: string): UserError {
  return new UserError(`${folder} is in use: ${describeHolder(name)} is training in it; wait for it or stop it first`)
}

function unlinkIfThere(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError('remove', file, error)
  }
}
