import { readdirSync, readFileSync } from 'node:fs'
import { openTorch } from '../../src/formats/torch/torch-file.js'
import type { DamagedFiles } from './damaged-files.js'

/** Files that PyTorch wrote; they stand beside the sources, since the compiler copies none. */
export const fixtures = new URL('../../../test/formats/fixtures/', import.meta.url)

export const fixtureNames: readonly string[] = readdirSync(fixtures)
  .filter(name => name.endsWith('.pth'))
  .sort()

export const fixture = (name: string): Buffer => readFileSync(new URL(name, fixtures))

export const damagedTorch = (): DamagedFiles => ({
  originals: fixtureNames.map(fixture),
  ending: '.pth',
  async read(file) {
    using opened = await openTorch(file)
    for (const name of opened.tensors.keys()) opened.read(name)
  },
})
