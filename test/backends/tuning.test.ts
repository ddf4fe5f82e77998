import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { after } from 'node:test'
import { assignLayouts, type Costs } from '../../src/backends/onednn/assign.js'
import type { Launch } from '../../src/backends/onednn/kernels.js'
import type { Stopwatch } from '../../src/backends/onednn/stopwatch.js'
import { TimeSource } from '../../src/backends/onednn/tuner.js'
import { TuningCache } from '../../src/backends/onednn/tuning-cache.js'
import { cacheFolder } from '../../src/base/cache-folder.js'
import type { Node } from '../../src/graph/op.js'
import { relu } from '../../src/graph/ops/relu.js'
import { Material } from '../graph/material.js'

const folder = mkdtempSync(path.join(tmpdir(), 'tuning-'))
after(() => rmSync(folder, { recursive: true }))
const fresh = (name: string) => mkdtempSync(path.join(folder, name))

test('times are kept between processes, each machine in a file of its own', () => {
  const home = fresh('kept')
  const cache = new TuningCache('this machine', home)
  assert.equal(cache.get('a kernel'), undefined)
  cache.set('a kernel', 1.5)
  cache.set('another', null)
  cache.save()
  const again = new TuningCache('this machine', home)
  assert.equal(again.get('a kernel'), 1.5)
  assert.equal(again.get('another'), null)
  const other = new TuningCache('that machine', home)
  assert.equal(other.get('a kernel'), undefined)
  other.set('a kernel', 9)
  other.save()
  assert.equal(readdirSync(home).length, 2)
  assert.equal(new TuningCache('this machine', home).get('a kernel'), 1.5)
})

test('two processes that measure at once agree from then on', () => {
  const home = fresh('race')
  const [first, second] = [new TuningCache('m', home), new TuningCache('m', home)]
  first.set('both', 1)
  first.set('mine', 2)
  second.set('both', 3)
  second.set('yours', 4)
  first.save()
  second.save()
  assert.equal(second.get('both'), 1)
  const third = new TuningCache('m', home)
  assert.deepEqual(
    ['both', 'mine', 'yours'].map(key => third.get(key)),
    [1, 2, 4],
  )
})

test('a file that is damaged, cut or of something else counts as empty and is replaced', () => {
  const home = fresh('damaged')
  const { file } = new TuningCache('m', home)
  const good = JSON.stringify({ machine: 'm', kernels: { fast: 1, not: null } })
  for (const text of ['', '{', good.slice(0, -4), '[]', 'null', '7', '{"machine":"x","kernels":{"fast":1}}'])
    for (const damaged of [text, `${text}\0`]) {
      writeFileSync(file, damaged)
      const cache = new TuningCache('m', home)
      assert.equal(cache.get('fast'), undefined, damaged)
      cache.set('slow', 2)
      cache.save()
      assert.equal(new TuningCache('m', home).get('slow'), 2)
    }
  writeFileSync(file, JSON.stringify({ machine: 'm', kernels: { a: -1, b: 'x', c: {}, d: 0, fine: 0.25, no: null } }))
  const cache = new TuningCache('m', home)
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'fine', 'no'].map(key => cache.get(key)),
    [...Array(4).fill(undefined), 0.25, null],
  )
})

test('where nothing can be written the process goes on with what it measured', () => {
  const blocked = path.join(fresh('blocked'), 'file')
  writeFileSync(blocked, '')
  chmodSync(blocked, 0o444)
  const cache = new TuningCache('m', path.join(blocked, 'folder'))
  cache.set('a', 1)
  cache.save()
  assert.equal(cache.get('a'), 1)
  assert.equal(readFileSync(blocked, 'utf8'), '')
})

test('the folder is the one named, else below the cache folder of the user', () => {
  assert.equal(cacheFolder({ INCEPTION_CACHE: '/x' }), '/x')
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/y' }), path.join('/y', 'inception-resnet'))
  assert.match(cacheFolder({}), /inception-resnet$/)
})

test('alternatives are measured against each other once, and again only if one is new', () => {
  const cache = new TuningCache('m', fresh('once'))
  const races: number[] = []
  const stopwatch = {
    race: (candidates: readonly (readonly Launch[])[]) => {
      races.push(candidates.length)
      return candidates.map((_, i) => i + 1)
    },
  } as unknown as Stopwatch
  let notes = 0
  const times = new TimeSource(stopwatch, cache, () => notes++)
  const launches = (index: number) => (index === 1 ? undefined : [])
  assert.deepEqual(times.milliseconds(['a', 'b', 'c'], launches), [1, undefined, 2])
  assert.deepEqual(times.milliseconds(['a', 'b', 'c'], launches), [1, undefined, 2])
  assert.deepEqual(
    times.milliseconds(['a', 'd'], () => []),
    [1, 2],
  )
  assert.deepEqual(races, [2, 2])
  assert.equal(notes, 1)
})

/** A chain of three nodes, with the milliseconds of each in both layouts and of a reorder between. */
function chain(
  costs: readonly (readonly [channelsLast: number | undefined, blocked: number | undefined])[],
  reorder: number,
) {
  const m = new Material('chain', 'f32', 'inputs')
  const nodes: Node[] = []
  let x = m.map([1, 2, 3, 3])
  for (const _ of costs) {
    x = relu(x)
    nodes.push(x.node)
  }
  const table = new Map(
    costs.map(([channelsLast, blocked], i): [Node, Costs] => [
      nodes[i]!,
      {
        ...(channelsLast !== undefined && { channelsLast: { way: 'last', milliseconds: channelsLast } }),
        ...(blocked !== undefined && { blocked: { way: 'block', milliseconds: blocked } }),
      },
    ]),
  )
  const choices = assignLayouts(
    m.graph,
    table,
    () => true,
    () => reorder,
  )
  return nodes.map(node => choices.get(node)!)
}

test('layouts are the cheapest for the whole graph, with the reorders between', () => {
  const layouts = (...args: Parameters<typeof chain>) => chain(...args).map(({ layout }) => layout)
  // The middle one would be faster in blocks, but not by two reorders.
  assert.deepEqual(
    layouts(
      [
        [1, 5],
        [3, 1],
        [1, 5],
      ],
      1.5,
    ),
    Array(3).fill('channelsLast'),
  )
  assert.deepEqual(
    layouts(
      [
        [1, 5],
        [5, 1],
        [1, 5],
      ],
      1.5,
    ),
    ['channelsLast', 'blocked', 'channelsLast'],
  )
  assert.deepEqual(
    layouts(
      [
        [1, 1.2],
        [5, 1],
        [1, 1.2],
      ],
      1.5,
    ),
    Array(3).fill('blocked'),
  )
  // What a node cannot do it is spared, whatever that costs.
  assert.deepEqual(
    layouts(
      [
        [1, undefined],
        [undefined, 9],
        [1, undefined],
      ],
      100,
    ),
    ['channelsLast', 'blocked', 'channelsLast'],
  )
})

test('each node goes the way that was measured for its layout', () => {
  assert.deepEqual(
    chain(
      [
        [1, 5],
        [9, 1],
      ],
      0.5,
    ),
    [
      { layout: 'channelsLast', way: 'last' },
      { layout: 'blocked', way: 'block' },
    ],
  )
})
