import assert from 'node:assert/strict'
import test from 'node:test'
import { Crew } from '../../src/data/crew.js'

const program = (text: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort, workerData } from 'node:worker_threads';${text}`)}`,
  )

/** A crew and a promise of its first failure. */
function start(text: string, workers: number, onReply: (reply: unknown, worker: number) => void = () => {}) {
  let crew: Crew<unknown, unknown> | undefined
  const failure = new Promise<Error>(resolve => {
    crew = new Crew(
      program(text),
      Array.from({ length: workers }, (_, i) => i),
      { reply: onReply, failure: resolve },
    )
  })
  return { crew: crew!, failure }
}

test('workers answer, know their data and end when closed', async () => {
  const replies: unknown[] = []
  const done = new Promise<void>(resolve => {
    const { crew } = start(
      `parentPort.on('message', x => x === null ? parentPort.close() : parentPort.postMessage(x * 10 + workerData))`,
      2,
      (reply, worker) => {
        replies[worker] = reply
        if (replies.filter(r => r !== undefined).length === 2) crew.close().then(resolve)
      },
    )
    for (const worker of [0, 1]) crew.post(worker, 4)
  })
  await done
  assert.deepEqual(replies, [40, 41])
})

test('a worker that throws, or just ends, is a failure and not a hang', async () => {
  const thrower = start(`parentPort.on('message', () => { throw new Error('out of luck') })`, 2)
  thrower.crew.post(1, 'go')
  assert.match((await thrower.failure).message, /out of luck/)
  await thrower.crew.close()

  const quitter = start(`parentPort.on('message', () => process.exit(3))`, 1)
  quitter.crew.post(0, 'go')
  assert.match((await quitter.failure).message, /worker thread 0 ended early with code 3/)
  await quitter.crew.close()
})
