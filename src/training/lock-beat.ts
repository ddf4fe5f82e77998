import { closeSync, openSync, writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import { systemCode } from '../formats/file-error.js'

/** What the thread is given that keeps a lock's lease. */
export interface Beat {
  readonly file: string
  readonly milliseconds: number
}

// A thread, since a step of training holds up its own for minutes. It lives and is stopped with its process.
const { file, milliseconds } = workerData as Beat

let beats = 0
const clock = setInterval(() => {
  try {
    // By its name and never made: a lock that was taken over must stay gone. Closing it hands it to a network's server.
    const fd = openSync(file, 'r+')
    try {
      writeSync(fd, `${++beats}`, 0)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    // What else may be wrong, such as a server that does not answer, may be right again.
    if (systemCode(error) === 'ENOENT') clearInterval(clock)
  }
}, milliseconds)
