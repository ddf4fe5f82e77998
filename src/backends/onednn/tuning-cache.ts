import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cacheFolder } from '../../base/cache-folder.js'
import { fnv1a } from '../../base/random.js'

/** Milliseconds by what was measured; null: the library cannot do it. */
type Entries = Map<string, number | null>

/**
 * Measured times of one machine (library version, processor, threads) in one file. A file that cannot be read, or is
 * no such file, counts as empty, and one that cannot be written is done without: then the next process measures again.
 */
export class TuningCache {
  readonly file: string
  readonly #machine: string
  #known: Entries | undefined
  #dirty = false

  constructor(machine: string, folder = cacheFolder()) {
    this.#machine = machine
    this.file = path.join(folder, `tuning-${fnv1a(machine).toString(16).padStart(8, '0')}.json`)
  }

  /** Read when first asked for: a process that measures nothing and chooses nothing need not. */
  get #entries(): Entries {
    this.#known ??= this.#read()
    return this.#known
  }

  get(key: string): number | null | undefined {
    return this.#entries.get(key)
  }

  set(key: string, milliseconds: number | null): void {
    this.#entries.set(key, milliseconds)
    this.#dirty = true
  }

  /** Writes what is new. What another process has measured meanwhile wins, so that all use the same kernels from now on. */
  save(): void {
    if (!this.#dirty) return
    this.#dirty = false
    for (const [key, milliseconds] of this.#read()) this.#entries.set(key, milliseconds)
    const kernels = Object.fromEntries([...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1)))
    try {
      mkdirSync(path.dirname(this.file), { recursive: true })
      // Renamed into place, so that another process never reads half of it.
      const written = `${this.file}.${process.pid}`
      writeFileSync(written, `${JSON.stringify({ machine: this.#machine, kernels }, undefined, 1)}\n`)
      renameSync(written, this.file)
    } catch {
      // A full disk or a read-only home must not stop a training run.
    }
  }

  /** Goes through the file once: after years of use it has megabytes, and every process reads it. */
  #read(): Entries {
    const found: Entries = new Map()
    try {
      const { machine, kernels } = JSON.parse(readFileSync(this.file, 'utf8')) as { machine: unknown; kernels: unknown }
      if (machine !== this.#machine || typeof kernels !== 'object' || kernels === null) return found
      for (const [key, time] of Object.entries(kernels))
        if (time === null || (typeof time === 'number' && time > 0)) found.set(key, time)
    } catch {
      // As the class says.
    }
    return found
  }
}
