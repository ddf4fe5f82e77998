import { setTimeout as sleep } from 'node:timers/promises'
import { openCommunicator } from '../../src/communication/open.js'
import { Rounds } from '../../src/evaluation/rounds.js'
import { Replicas } from '../../src/training/replicas/replicas.js'

/**
 * Batches of some milliseconds as one of several replicas, the last of which has the fewest, and is asked to stop after
 * so many. Says how many batches it made, and what ended it.
 */
const [most, least, stopAfter] = process.argv.slice(2).map(Number) as [number, number, number]
using communicator = openCommunicator()
const replicas = new Replicas(communicator)
const isLast = replicas.rank === replicas.size - 1
const stop = new AbortController()
const rounds = new Rounds(replicas, stop.signal)
let batches = 0
let end = 'the end'
try {
  while (batches < (isLast ? least : most)) {
    await sleep(10)
    batches++
    if (isLast && batches === stopAfter) stop.abort()
    rounds.pass()
  }
  await rounds.end()
} catch (error) {
  end = (error as Error).name
}
console.log(JSON.stringify({ rank: replicas.rank, batches, end }))
