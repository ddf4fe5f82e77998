import assert from 'node:assert/strict'
import test from 'node:test'
import { UserError } from '../../src/base/error.js'
import { expectOneClassList } from '../../src/evaluation/members.js'
import { encodeState } from '../../src/training/checkpoint-state.js'
import { tinyModel } from '../training/tiny-run.js'

const checkpoint = (file: string, ...classNames: string[]) => {
  const model = { ...tinyModel, classes: classNames.length }
  return { file, state: { ...encodeState({ model, classNames, centralFraction: 0.875, epoch: 1 }) } }
}
const refused = (message: RegExp, ...members: ReturnType<typeof checkpoint>[]) =>
  assert.throws(
    () => expectOneClassList(members),
    (error: unknown) => error instanceof UserError && message.test(error.message),
  )

test('members of the same classes make an ensemble, whatever their order', () => {
  expectOneClassList([checkpoint('a', 'cat', 'dog')])
  expectOneClassList([checkpoint('a', 'cat', 'dog'), checkpoint('b', 'dog', 'cat'), checkpoint('c', 'cat', 'dog')])
})

test('members of other classes are named with the first class that only one has', () => {
  const ours = checkpoint('a', 'ape', 'cat', 'dog')
  refused(/^a and b make no ensemble: only a has the class 'cat'/, ours, checkpoint('b', 'ape', 'dog', 'emu'))
  refused(
    /^a and c make no ensemble: only c has the class 'emu'/,
    ours,
    ours,
    checkpoint('c', 'ape', 'cat', 'dog', 'emu'),
  )
})
