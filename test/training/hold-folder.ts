import { setTimeout as sleep } from 'node:timers/promises'
import { FolderLock } from '../../src/training/folder-lock.js'

/**
 * Takes a folder's lock, says so, computes for some milliseconds without a turn of the event loop, and ends when the
 * lock is lost, saying why, or when its standard input does.
 */
const [folder, beatSeconds, leaseSeconds, busy] = process.argv.slice(2)
try {
  const times = { beatSeconds: Number(beatSeconds), leaseSeconds: Number(leaseSeconds) }
  using lock = await FolderLock.take(folder!, { ...times, tell: message => console.log(`waits: ${message}`) })
  console.log('holds')
  let open = true
  process.stdin.resume().on('end', () => {
    open = false
  })
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(busy ?? 0))
  while (open) {
    await sleep(20)
    lock.expectHeld()
  }
} catch (error) {
  console.log((error as Error).message)
}
// Standard input may still be open.
process.exit()
