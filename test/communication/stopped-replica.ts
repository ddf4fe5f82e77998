// One replica: sums again and again, and stops being heard of if it is the last. Replica 0 prints who was missed.
import { ReplicaLost } from '../../src/communication/communicator.js'
import { openCommunicator } from '../../src/communication/open.js'

const communicator = openCommunicator({ timeoutSeconds: 2 })
if (!communicator) throw new Error('start this by mpirun')
const { rank, size } = communicator
const numbers = new Float32Array(1000)
const sum = communicator.prepareSum(numbers)
try {
  for (let step = 0; ; step++) {
    if (step === 3 && rank === size - 1) process.kill(process.pid, 'SIGSTOP')
    numbers.fill(1)
    sum.begin()
    sum.finish()
  }
} catch (error) {
  if (!(error instanceof ReplicaLost)) throw error
  if (rank === 0) console.log(JSON.stringify({ message: error.message, ranks: error.ranks }))
  communicator.abort(3)
}
