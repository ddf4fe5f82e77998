import test from 'node:test'
import { createOnednn, sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { allPasses } from '../../src/graph/passes/passes.js'
import { otherKernels } from '../backends/other-kernels.js'
import { opCases } from './cases.js'
import { compareWithReference, contractOf } from './contract.js'

const shared = sharedOnednn()

if ('reason' in shared) test('the op contract on oneDNN', { skip: shared.reason }, () => {})
else
  for (const [kernels, chooser] of [
    ['default kernels', undefined],
    ['other kernels', otherKernels],
  ] as const) {
    const backend = createOnednn(shared, allPasses, chooser)
    for (const [opCase, precision] of contractOf(backend, opCases))
      test(`${opCase.name} on oneDNN in ${precision}, ${kernels}`, () => {
        compareWithReference(backend, opCase, precision)
      })
  }
