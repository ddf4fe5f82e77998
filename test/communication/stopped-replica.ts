// One replica of four. First the last one works for much longer than any of them waits for a sign, in small pieces. Then it
// stops being heard of, while the second one works without end: replica 0 prints who was missed, when it has worked for
// longer than the third one, which waits as well, waits for a sign.
import { ReplicaLost } from '../../src/communication/communicator.js'
import { findLauncher } from '../../src/communication/mpi/launcher.js'
import { loadMpi } from '../../src/communication/mpi/library.js'
import { MpiCommunicator } from '../../src/communication/mpi/mpi-communicator.js'

const seconds = 2
const launcher = findLauncher()
if (!launcher) throw new Error('start this by mpirun')
const communicator = new MpiCommunicator(loadMpi(launcher), seconds, 1)
const { rank, size } = communicator
const numbers = new Float32Array(1000)
const sum = communicator.prepareSum(numbers)
const begin = performance.now()
const nobody = new Int32Array(new SharedArrayBuffer(4))
const work = (factor: number) => {
  const end = performance.now() + 1000 * factor * seconds
  while (performance.now() < end) {
    Atomics.wait(nobody, 0, 0, 20)
    communicator.worked()
  }
}
try {
  for (let step = 0; ; step++) {
    if (step === 3 && rank === size - 1) work(2)
    if (step === 6 && rank === 1) work(100)
    if (step === 6 && rank === size - 1) process.kill(process.pid, 'SIGSTOP')
    if (step === 6 && rank === 0) console.log(JSON.stringify({ begin: performance.now() - begin }))
    numbers.fill(1)
    sum.begin()
    sum.finish()
  }
} catch (error) {
  if (!(error instanceof ReplicaLost)) throw error
  if (rank === 0) {
    work(1.75)
    console.log(JSON.stringify({ message: error.message, ranks: error.ranks }))
  }
  communicator.abort(3)
}
