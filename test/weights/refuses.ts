import assert from 'node:assert/strict'
import { UserError } from '../../src/base/error.js'

/** Checks that an action ends with an error of one line for its user. */
export const refuses = (action: () => Promise<unknown>, message: RegExp): Promise<void> =>
  assert.rejects(action, (error: Error) => {
    assert.ok(error instanceof UserError, error.stack)
    assert.match(error.message, message)
    assert.ok(!error.message.includes('\n'))
    return true
  })
