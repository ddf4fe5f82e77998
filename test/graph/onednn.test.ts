import test from 'node:test'
import { openOnednn } from '../../src/backends/onednn/onednn.js'
import { opCases } from './cases.js'
import { compareWithReference, contractOf } from './contract.js'

const opened = openOnednn()

if ('reason' in opened) test('the op contract on oneDNN', { skip: opened.reason }, () => {})
else
  for (const [opCase, precision] of contractOf(opened, opCases))
    test(`${opCase.name} on oneDNN in ${precision}`, () => {
      compareWithReference(opened, opCase, precision)
    })
