import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { mutate } from './mutate.js'
import type { Outcomes } from './outcomes.js'

export interface DamagedFiles {
  /** Sound files, which take turns. */
  readonly originals: readonly Uint8Array[]
  /** The ending of the damaged file's name. */
  readonly ending: string
  /** Reads a file to its last byte. */
  readonly read: (file: string) => void | Promise<void>
}

/**
 * Damages sound files in `count` ways, and reads each. A file must be read whole, or be refused in one line that names it.
 */
export async function readDamaged(
  { originals, ending, read }: DamagedFiles,
  count: number,
  seed: number,
): Promise<Outcomes> {
  const folder = mkdtempSync(path.join(tmpdir(), 'damaged-'))
  const file = path.join(folder, `damaged${ending}`)
  const outcomes = { read: 0, refused: 0 }
  try {
    for (let i = 0; i < count; i++) {
      writeFileSync(file, mutate(originals[i % originals.length]!, new RandomStream(seed, ending, i)))
      try {
        await read(file)
        outcomes.read++
      } catch (error) {
        const which = `file ${i} of seed ${seed}`
        assert.ok(error instanceof UserError, `${which}: ${error instanceof Error ? error.stack : error}`)
        assert.ok(error.message.includes(file) && !error.message.includes('\n'), `${which}: ${error.message}`)
        outcomes.refused++
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return outcomes
}
