import assert from 'node:assert/strict'
import os from 'node:os'
import test from 'node:test'
import { coresOf, type Place, thisPlace } from '../../src/base/shared-cores.js'

test('processes of one host share its cores, unless each was given its own', () => {
  const place = (host: string, processors: number[], cores = processors.length): Place => ({ host, processors, cores })
  const all = [0, 1, 2, 3]
  assert.deepEqual(coresOf([place('a', all), place('a', all), place('b', all)]), [2, 2, 4])
  assert.deepEqual(coresOf([place('a', [0, 1]), place('a', [2, 3])]), [2, 2])
  assert.deepEqual(coresOf([place('a', [0]), place('a', [1]), place('a', all)]), [1 / 2, 1 / 2, 3])
  // A quota of two cores for both.
  assert.deepEqual(coresOf([place('a', all, 2), place('a', all, 2)]), [1, 1])
  assert.ok(coresOf([place('a', [0]), place('a', [0]), place('a', [0])]).every(cores => cores < 1))
  assert.deepEqual(coresOf([1, 2].map(() => ({ host: 'a', cores: 6 }))), [3, 3])
})

test('a process alone has all that it may use, as others are told of it', () => {
  const own = thisPlace()
  assert.equal(own.host, os.hostname())
  assert.deepEqual(coresOf([JSON.parse(JSON.stringify(own)) as Place]), [own.cores])
})
