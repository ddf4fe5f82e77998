// One replica: works for a minute, unless another one fails meanwhile, as the second one does.
import { UserError } from '../../src/base/error.js'
import { openCommunicator } from '../../src/communication/open.js'
import { Replicas } from '../../src/training/replicas/replicas.js'

using communicator = openCommunicator({ timeoutSeconds: 60 })
const replicas = new Replicas(communicator)
const nobody = new Int32Array(new SharedArrayBuffer(4))
const begin = performance.now()
try {
  // All are there before anyone fails.
  replicas.gather(true)
  while (performance.now() < begin + 60_000) {
    Atomics.wait(nobody, 0, 0, 20)
    replicas.goOn()
    if (replicas.rank === 1) throw new UserError('the disk is full')
  }
  console.log('nobody failed')
} catch (error) {
  const agreed = replicas.fail(error)
  console.log(`${replicas.rank}: ${agreed instanceof UserError ? agreed.message : agreed}`)
}
