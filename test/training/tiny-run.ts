import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { writeSynth } from '../../src/data/synth/folder.js'
import type { SynthSettings } from '../../src/data/synth/settings.js'
import { passNames } from '../../src/graph/passes/pass-names.js'
import type { DataSets } from '../../src/study/run/run.js'
import type { RunSettings } from '../../src/study/run/run-settings.js'
import { readCheckpoint, writeCheckpointFile } from '../../src/training/checkpoint.js'
import { paperRecipe } from '../../src/training/recipe.js'

/** The smallest network with every kind of layer: a sixteenth of the channels, one block a stage. */
export const tinyModel = {
  network: 'inception-resnet-v1',
  size: 75,
  width: 1 / 16,
  blocks: { a: 1, b: 1, c: 1 },
  normScale: true,
} as const

/** The same as options of the command line. */
export const tinyModelFlags = '--network inception-resnet-v1 --size 75 --width 0.0625 --blocks a=1,b=1,c=1'.split(' ')

export const tinySynth: SynthSettings = { seed: 1, train: 24, val: 12, classes: 3, size: 64, difficulty: 0.5 }

/** Six steps an epoch; augmentation and dropout are on, as in the paper's recipe. */
export const tinySettings = (data: DataSets): RunSettings => ({
  model: { ...tinyModel, classes: data.train.classes.length },
  recipe: { ...paperRecipe, epochs: 2, batch: 4, learningRate: 0.01, normDecay: 0.9, seed: 5, precision: 'f32' },
  data: path.dirname(data.train.root),
  badImages: 'error',
  backend: 'auto',
  watchSteps: 4,
  evaluateEpochs: 1,
  recompute: 'auto',
  passes: passNames,
})

/** A folder that is removed when the tests of the file are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'inception-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function drawTinyData(folder: string): Promise<string> {
  await writeSynth(folder, tinySynth)
  return folder
}

export const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex')

/** Rewrites a checkpoint: `more` is added to its state, `change` may write to its tensors, `keeps` leaves some out. */
export function rewriteCheckpoint(
  file: string,
  more: object,
  change: (name: string, values: Float32Array) => void = () => {},
  keeps: (name: string) => boolean = () => true,
): void {
  using checkpoint = readCheckpoint(file)
  const tensors = checkpoint.names.filter(keeps).map(name => {
    const { dtype, shape, bytes } = checkpoint.tensor(name)
    change(name, new Float32Array(bytes.buffer))
    return { name, dtype, shape, bytes: () => bytes }
  })
  writeCheckpointFile(file, checkpoint.step, { state: { ...checkpoint.state, ...more }, tensors })
}

/**
 * Makes the last block of the tiny network's checkpoint give nothing but zeros: what it adds is far below zero in every
 * channel, so its ReLU cuts everything, and no gradient can bring it back.
 */
export const silence = (file: string): void =>
  rewriteCheckpoint(file, {}, (name, values) => {
    if (name === 'resnet_c.0.expand.bias') values.fill(-1e9)
  })
