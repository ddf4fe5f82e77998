import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'
import { openTorch } from '../../src/formats/torch/torch-file.js'
import { mutate } from './mutate.js'

/** Files that PyTorch wrote; they stand beside the sources, since the compiler copies none. */
export const fixtures = new URL('../../../test/formats/fixtures/', import.meta.url)

export const fixtureNames: readonly string[] = readdirSync(fixtures)
  .filter(name => name.endsWith('.pth'))
  .sort()

export const fixture = (name: string): Buffer => readFileSync(new URL(name, fixtures))

/**
 * Damages PyTorch's files in `count` ways and reads each. It must be read to its last tensor, or refused in one line that
 * names the file. Gives how many were read all the same.
 */
export async function readMutants(count: number, seed: number): Promise<number> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mutants-'))
  const file = path.join(folder, 'mutant.pth')
  const originals = fixtureNames.map(fixture)
  let whole = 0
  try {
    for (let i = 0; i < count; i++) {
      const random = new RandomStream(seed, 'torch', i)
      writeFileSync(file, mutate(originals[i % originals.length]!, random))
      try {
        using opened = await openTorch(file)
        for (const name of opened.tensors.keys()) opened.read(name)
        whole++
      } catch (error) {
        assert.ok(
          error instanceof UserError,
          `mutant ${i} of seed ${seed}: ${error instanceof Error ? error.stack : error}`,
        )
        assert.match(error.message, /^[^\n]*mutant\.pth[^\n]*$/, `mutant ${i} of seed ${seed}`)
      }
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return whole
}
