import assert from 'node:assert/strict'
import test from 'node:test'
import { installed, mpirun, withoutMpi } from '../communication/mpirun.js'

const script = new URL('rounds-replica.js', import.meta.url)

/** What each of three replicas says, by rank. */
async function replicas(most: number, least: number, stopAfter: number) {
  const { code, stdout, stderr } = await mpirun(installed[0]!, 3, script, [most, least, stopAfter].map(String))
  assert.equal(code, 0, stderr)
  const lines = stdout.trim().split('\n')
  const all = lines.map(line => JSON.parse(line) as { rank: number; batches: number; end: string })
  return all.sort((a, b) => a.rank - b.rank)
}

test('replicas with unequal work all come to the end, and meet in between', { skip: withoutMpi }, async () => {
  assert.deepEqual(await replicas(130, 3, -1), [
    { rank: 0, batches: 130, end: 'the end' },
    { rank: 1, batches: 130, end: 'the end' },
    { rank: 2, batches: 3, end: 'the end' },
  ])
})

test('asked to stop, one ends all long before they are through', { skip: withoutMpi }, async () => {
  for (const { batches, end } of await replicas(3000, 3000, 20)) {
    assert.equal(end, 'AbortError')
    assert.ok(batches < 1000, `${batches}`)
  }
})
