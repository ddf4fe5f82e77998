import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import test from 'node:test'
import { Clock } from '../../src/training/clock.js'

/** Uses up so much time. */
function spend(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

test('the share of waiting is that of the time since the last report, pauses left out', async () => {
  const batch = 4
  const begin = performance.now()
  const clock = new Clock(batch, 0, 100)
  /** What a report says, and the seconds that it is about. */
  const report = (steps: number) => {
    const { imagesPerSecond, waitShare } = clock.report()
    return { waitShare, seconds: (steps * batch) / imagesPerSecond }
  }
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a}, not ${b}`)

  spend(4)
  clock.waited(0.003)
  clock.stepped(2)
  const first = report(2)
  assert.ok(first.seconds >= 0.004)
  near(first.waitShare, 0.003 / first.seconds)

  spend(4)
  await clock.pause(async () => spend(20))
  clock.waited(0.005)
  clock.stepped(7)
  const second = report(5)
  near(second.waitShare, 0.002 / second.seconds)
  assert.ok(first.seconds + second.seconds <= (performance.now() - begin) / 1000 - 0.02)

  spend(1)
  clock.stepped(8)
  assert.equal(report(1).waitShare, 0)
})
