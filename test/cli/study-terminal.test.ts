import assert from 'node:assert/strict'
import test from 'node:test'
import { studyTerminal } from '../../src/cli/study-terminal.js'
import type { TrainingEvent } from '../../src/training/events.js'

const step = (n: number): TrainingEvent => ({
  type: 'step',
  step: n,
  epoch: 1,
  loss: 2,
  learningRate: 0.045,
  gradientNorm: 1,
  imagesPerSecond: 30,
  waitShare: 0,
  secondsLeft: 60,
})
const look: TrainingEvent = {
  type: 'watch',
  step: 2,
  layer: 'resnet_c.0',
  zeroShare: 1,
  magnitude: 0,
  residualRatio: 0,
  blocks: [],
}
const ends: readonly TrainingEvent[] = [
  { type: 'done', step: 2, epoch: 1, seconds: 61, file: 'step-2' },
  { type: 'died', step: 2, layer: 'resnet_c.0', file: 'step-2' },
  { type: 'diverged', step: 2, message: 'the loss is NaN' },
  { type: 'interrupted', step: 2, resumeCommand: 'again' },
]

function stage(isTTY: boolean) {
  let text = ''
  const terminal = studyTerminal({ isTTY, columns: 200, write: (more: string) => (text += more) })
  return { ...terminal, text: () => text }
}

test('looks and checkpoints of the runs under way are not told', () => {
  const { tell, text } = stage(false)
  tell('one', look)
  tell('one', { type: 'checkpoint', step: 2, file: 'step-2' })
  assert.equal(text(), '')
})

test('a run that has ended, however, leaves the live line to the others', () => {
  for (const end of ends) {
    const { tell, text } = stage(true)
    tell('one', step(1))
    tell('two', step(1))
    assert.ok(text().includes('one step 1') && text().includes('|  two step 1'))
    tell('one', end)
    const before = text().length
    tell('two', step(2))
    const line = text().slice(before)
    assert.ok(line.includes('two step 2') && !line.includes('one'), `${end.type}: ${line}`)
  }
})

test('how a run ended is a line after its title', () => {
  const { tell, text } = stage(false)
  for (const end of ends) tell('one', end)
  const lines = text().trimEnd().split('\n')
  assert.equal(lines[0], 'one: trained in 1 min 01 s')
  assert.match(lines[1]!, /^one: the network died at step 2: resnet_c\.0/)
  assert.equal(lines[2], 'one: the loss is NaN')
  assert.equal(lines[3], 'one: stopped at step 2; to go on: again')
})
