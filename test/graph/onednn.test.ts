import { tmpdir } from 'node:os'
import test from 'node:test'
import { createOnednn, sharedOnednn } from '../../src/backends/onednn/onednn.js'
import { Stopwatch } from '../../src/backends/onednn/stopwatch.js'
import { TimeSource } from '../../src/backends/onednn/tuner.js'
import { TuningCache } from '../../src/backends/onednn/tuning-cache.js'
import { allPasses } from '../../src/graph/passes/pass-names.js'
import { otherKernels } from '../backends/other-kernels.js'
import { opCases } from './cases.js'
import { compareWithReference, contractOf } from './contract.js'

const shared = sharedOnednn()

if ('reason' in shared) test('the op contract on oneDNN', { skip: shared.reason }, () => {})
else {
  const times = new TimeSource(new Stopwatch(shared.api), new TuningCache('op contract', tmpdir()))
  for (const [kernels, chooser] of [
    ['default kernels', undefined],
    ['other kernels', otherKernels],
  ] as const) {
    const backend = createOnednn(shared, allPasses, times, chooser)
    for (const [opCase, precision] of contractOf(backend, opCases))
      test(`${opCase.name} on oneDNN in ${precision}, ${kernels}`, () => {
        compareWithReference(backend, opCase, precision)
      })
  }
}
