import os from 'node:os'
import { usableCores } from '../base/threads.js'
import type { Communicator, Exchange } from './communicator.js'

/** A replica alone: every sum is over one, and nothing ever waits. */
export function soloCommunicator(): Communicator {
  const exchange = (bytes: number, transfer: () => void): Exchange => {
    let [began, wanted] = [0, 0]
    return {
      begin() {
        began = performance.now()
        transfer()
      },
      finish() {
        wanted = performance.now()
      },
      get began() {
        return began
      },
      get wanted() {
        return wanted
      },
      get ended() {
        return began
      },
      bytes,
    }
  }
  return {
    title: 'one replica',
    rank: 0,
    size: 1,
    hosts: [os.hostname()],
    cores: [usableCores()],
    timeoutSeconds: Number.POSITIVE_INFINITY,
    traffic: { bytes: 0, waited: 0, advanced: 0 },
    prepareSum: numbers => exchange(numbers.byteLength, () => {}),
    prepareAllToAll: (from, to, then = () => {}) =>
      exchange(from.byteLength, () => {
        to.set(from)
        then()
      }),
    prepareAllGather: (from, to) => exchange(to.byteLength, () => to.set(from)),
    advance() {},
    worked() {},
    summon() {},
    summoned: false,
    allGather: bytes => [bytes.slice()],
    barrier() {},
    abort: exitCode => process.exit(exitCode),
    [Symbol.dispose]() {},
  }
}
