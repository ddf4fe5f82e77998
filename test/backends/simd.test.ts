import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import test from 'node:test'
import { slot, type Task } from '../../src/backends/simd/task.js'
import { Team } from '../../src/backends/simd/team.js'
import { fromBf16, toBf16 } from '../../src/base/dtype.js'
import { UserError } from '../../src/base/error.js'
import { RandomStream } from '../../src/base/random.js'

/** Around a vector, around two, around the unrolled loops, and around one and two chunks. */
const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 64, 67, 1001, 65535, 65536, 65537, 131075]

const random = new RandomStream(7, 'simd')
const normals = (n: number, scale = 1) => Float32Array.from({ length: n }, () => random.normal() * scale)

/** A tensor with these values, in a block with one untouched element after it. */
function place(team: Team, values: Float32Array): number {
  const at = team.allocate(values.byteLength + 4)
  team.f32(at, values.length).set(values)
  return at
}

/** Each element within a few roundings of f32 of the double-precision one, relative to the terms that made it up. */
function assertClose(actual: Float32Array, expected: readonly number[], magnitude: number, what: string): void {
  assert.equal(actual.length, expected.length, what)
  for (const [i, value] of expected.entries())
    assert.ok(
      Math.abs(actual[i]! - value) <= 4e-7 * (Math.abs(value) + magnitude),
      `${what}: element ${i} of ${expected.length} is ${actual[i]}, not ${value}`,
    )
}

/** Runs `body` with teams of one, two and three threads; what it returns must be the same, bit for bit. */
async function withTeams(body: (team: Team) => readonly ArrayBufferView[]): Promise<void> {
  let first: readonly Buffer[] | undefined
  for (const threads of [1, 2, 3]) {
    const team = new Team({ threads })
    try {
      await team.ready()
      const bits = body(team).map(({ buffer, byteOffset, byteLength }) =>
        Buffer.from(Buffer.from(buffer as SharedArrayBuffer, byteOffset, byteLength)),
      )
      first ??= bits
      for (const [i, expected] of first.entries())
        assert.ok(expected.equals(bits[i]!), `result ${i} with ${threads} threads differs from that with one`)
    } finally {
      await team.close()
    }
  }
}

test('rmsprop is TensorFlow’s, with weight decay, gradient scale and running average, whatever the threads', async () => {
  const [lr, gradScale, avgDecay] = [0.045, 0.37, 0.9999]
  const [decay, eps, momentum, weightDecay] = [0.9, 1, 0.9, 4e-3]
  const values = lengths.map(n => [normals(n), normals(n), normals(n).map(v => v * v), normals(n, 0.1), normals(n)])
  await withTeams(team => {
    const tensors = values.map(arrays => arrays.map(array => place(team, array)))
    const tasks = tensors.map(([w, g, ms, mom, avg], i): Task => {
      const average = i % 3 === 2 ? undefined : { avg: avg!, decay: slot(2) }
      const rates = { lr: slot(0), gradScale: slot(1), decay, eps, momentum, weightDecay }
      return { kernel: 'rmsprop', w: w!, g: g!, ms: ms!, mom: mom!, n: lengths[i]!, average, ...rates }
    })
    const job = team.prepare(tasks)
    job.run(Float64Array.of(lr, gradScale, avgDecay))
    const views = tensors.map((at, i) => at.map(offset => team.f32(offset, lengths[i]!)))
    views.forEach(([w, g, ms, mom, avg], i) => {
      const [w0, g0, ms0, mom0, avg0] = values[i]!.map(array => Array.from(array))
      const slope = g0!.map((v, k) => gradScale * (v + weightDecay * w0![k]!))
      const square = ms0!.map((v, k) => decay * v + (1 - decay) * slope[k]! ** 2)
      const step = mom0!.map((v, k) => momentum * v + (lr * slope[k]!) / Math.sqrt(square[k]! + eps))
      const moved = w0!.map((v, k) => v - step[k]!)
      const mean = avg0!.map((v, k) => (i % 3 === 2 ? v : avgDecay * v + (1 - avgDecay) * moved[k]!))
      assert.deepEqual(Array.from(g!), g0, 'the gradient is only read')
      assertClose(ms!, square, 1, 'ms')
      assertClose(mom!, step, 0.1, 'mom')
      assertClose(w!, moved, 0.1, 'w')
      assertClose(avg!, mean, 1, 'avg')
      for (const offset of tensors[i]!)
        assert.equal(team.f32(offset + 4 * lengths[i]!, 1)[0], 0, 'nothing past the end')
    })
    job.run(Float64Array.of(lr / 2, 1, 0.5))
    return views.flat()
  })
})

test('momentum is TensorFlow’s, whatever the threads', async () => {
  const [lr, momentum, weightDecay, gradScale, avgDecay] = [0.1, 0.9, 1e-2, 0.5, 0.75]
  const values = lengths.map(n => [normals(n), normals(n), normals(n), normals(n)])
  await withTeams(team => {
    const tensors = values.map(arrays => arrays.map(array => place(team, array)))
    const tasks = tensors.map(([w, g, mom, avg], i): Task => {
      const average = i % 2 === 0 ? undefined : { avg: avg!, decay: avgDecay }
      const rates = { lr: slot(0), momentum, weightDecay, gradScale }
      return { kernel: 'momentum', w: w!, g: g!, mom: mom!, n: lengths[i]!, average, ...rates }
    })
    team.prepare(tasks).run(Float64Array.of(lr))
    const views = tensors.map((at, i) => at.map(offset => team.f32(offset, lengths[i]!)))
    views.forEach(([w, , mom, avg], i) => {
      const [w0, g0, mom0, avg0] = values[i]!.map(array => Array.from(array))
      const sum = mom0!.map((v, k) => momentum * v + gradScale * (g0![k]! + weightDecay * w0![k]!))
      const moved = w0!.map((v, k) => v - lr * sum[k]!)
      assertClose(mom!, sum, 1, 'mom')
      assertClose(w!, moved, 1, 'w')
      const mean = avg0!.map((v, k) => (i % 2 === 0 ? v : avgDecay * v + (1 - avgDecay) * moved[k]!))
      assertClose(avg!, mean, 1, 'avg')
    })
    return views.flat()
  })
})

test('a running average of a constant stays at the constant', async () => {
  const team = new Team({ threads: 1 })
  const [avg, src] = [place(team, new Float32Array(37).fill(0.3)), place(team, new Float32Array(37).fill(0.3))]
  const job = team.prepare([{ kernel: 'movingAverage', avg, src, n: 37, decay: slot(0) }])
  for (let step = 0; step < 20_000; step++) job.run(Float64Array.of(0.9999))
  assert.ok(team.f32(avg, 37).every(value => value === Math.fround(0.3)))
  await team.close()
})

test('movingAverage, fill, scale and add agree with plain loops', async () => {
  const values = lengths.map(n => [normals(n), normals(n)])
  await withTeams(team => {
    const tensors = values.map(arrays => [...arrays, arrays[0]!, arrays[0]!, arrays[0]!].map(a => place(team, a)))
    const tasks = tensors.flatMap(([a, src, filled, scaled, zeroed], i): Task[] => [
      { kernel: 'movingAverage', avg: a!, src: src!, n: lengths[i]!, decay: 0.9 },
      { kernel: 'fill', dst: filled!, n: lengths[i]!, value: slot(0) },
      { kernel: 'fill', dst: zeroed!, n: lengths[i]!, value: 0 },
      { kernel: 'scale', dst: scaled!, n: lengths[i]!, factor: slot(1) },
    ])
    team.prepare(tasks).run(Float64Array.of(2.5, -3))
    const sums = tensors.map(
      ([, src, , scaled], i): Task => ({ kernel: 'add', dst: scaled!, src: src!, n: lengths[i]! }),
    )
    team.prepare(sums).run()
    const views = tensors.map((at, i) => at.map(offset => team.f32(offset, lengths[i]!)))
    views.forEach(([a, , filled, scaled, zeroed], i) => {
      const [a0, src0] = values[i]!.map(array => Array.from(array))
      assertClose(
        a!,
        a0!.map((v, k) => 0.9 * v + (1 - 0.9) * src0![k]!),
        1,
        'average',
      )
      assert.ok(filled!.every(v => v === 2.5) && zeroed!.every(v => Object.is(v, 0)))
      assert.deepEqual(
        scaled,
        a0!.length === 0 ? scaled : Float32Array.from(a0!, (v, k) => Math.fround(v * -3) + src0![k]!),
      )
      for (const offset of tensors[i]!)
        assert.equal(team.f32(offset + 4 * lengths[i]!, 1)[0], 0, 'nothing past the end')
    })
    return views.flat()
  })
})

test('squaredNorm gives each task its sum, in order, to double precision', async () => {
  const values = lengths.map(n => [normals(n), normals(n)])
  await withTeams(team => {
    const tensors = values.map(arrays => arrays.map(array => place(team, array)))
    const other = team.allocate(64)
    const job = team.prepare(
      tensors.flatMap(([g, w], i): Task[] => [
        { kernel: 'squaredNorm', g: g!, w: w!, n: lengths[i]!, weightDecay: 0 },
        ...(i === 4 ? [{ kernel: 'fill', dst: other, n: 16, value: 9 } as const] : []),
        { kernel: 'squaredNorm', g: g!, w: w!, n: lengths[i]!, weightDecay: 0.5 },
      ]),
    )
    job.run()
    job.run()
    const sums = Array.from(job.sums)
    assert.equal(sums.splice(9, 1)[0], 0, 'a task without a sum')
    values.forEach(([g, w], i) => {
      const plain = g!.reduce((sum, v) => sum + v * v, 0)
      const decayed = g!.reduce((sum, v, k) => sum + Math.fround(v + Math.fround(0.5 * w![k]!)) ** 2, 0)
      assert.ok(Math.abs(sums[2 * i]! - plain) <= 1e-12 * plain, `${sums[2 * i]} is not ${plain}`)
      assert.ok(Math.abs(sums[2 * i + 1]! - decayed) <= 1e-12 * decayed, `${sums[2 * i + 1]} is not ${decayed}`)
    })
    return [job.sums]
  })
})

test('squares that f32 cannot hold do not overflow the norm', async () => {
  const team = new Team({ threads: 1 })
  const g = place(team, Float32Array.of(3e30, 4e30, 0, 0, 0))
  const job = team.prepare([{ kernel: 'squaredNorm', g, w: 0, n: 5, weightDecay: 0 }])
  job.run()
  assert.ok(Math.abs(Math.sqrt(job.sums[0]!) / 5e30 - 1) < 1e-6)
  await team.close()
})

test('addBf16 adds what the halves stand for, and nothing past the end', async () => {
  const values = lengths.map(n => [normals(n), Uint16Array.from(normals(n), toBf16)] as const)
  await withTeams(team => {
    const tensors = values.map(([dst, halves]) => {
      const src = team.allocate(2 * halves.length)
      team.u16(src, halves.length).set(halves)
      return [place(team, dst), src] as const
    })
    team.prepare(tensors.map(([dst, src], i): Task => ({ kernel: 'addBf16', dst, src, n: lengths[i]! }))).run()
    return tensors.map(([dst], i) => {
      const [before, halves] = values[i]!
      const after = team.f32(dst, lengths[i]!)
      assert.deepEqual(
        after,
        Float32Array.from(before, (v, k) => v + fromBf16(halves[k]!)),
      )
      assert.equal(team.f32(dst + 4 * lengths[i]!, 1)[0], 0)
      return after
    })
  })
})

test('bf16 rounds to nearest even at every kind of number and converts back exactly', async () => {
  const words = Uint32Array.from({ length: 65549 }, () => random.uint32())
  const special = [0, 0x80000000, 0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7f800001]
  words.set([...special, 0x7fc00000, 0xffffffff, 0x00000001, 0x00008000, 0x00018000])
  const floats = new Float32Array(words.buffer)
  for (const n of [0, 1, 7, 8, 9, 15, 65549]) {
    const team = new Team({ threads: 2 })
    const [src, half, back] = [team.allocate(n * 4), team.allocate(n * 2 + 2), team.allocate(n * 4 + 4)]
    new Uint32Array(team.store.buffer, src, n).set(words.subarray(0, n))
    team.prepare([{ kernel: 'toBf16', dst: half, src, n }]).run()
    team.prepare([{ kernel: 'toF32', dst: back, src: half, n }]).run()
    const halves = team.u16(half, n + 1)
    const wide = new Uint32Array(team.store.buffer, back, n + 1)
    assert.equal(halves[n], 0)
    assert.equal(wide[n], 0)
    for (let i = 0; i < n; i++) {
      const expected = Number.isNaN(floats[i]!) ? (words[i]! >>> 16) | 0x40 : toBf16(floats[i]!)
      assert.equal(halves[i], expected, `${words[i]!.toString(16)} as bf16`)
      assert.equal(wide[i], (expected << 16) >>> 0)
      if (!Number.isNaN(floats[i]!)) assert.equal(team.f32(back, n)[i], fromBf16(expected))
    }
    await team.close()
  }
})

test('NaN and infinity reach the result they belong to and no other', async () => {
  const team = new Team({ threads: 2 })
  for (const n of [6, 70_000]) {
    const at = n - 1
    const gradient = new Float32Array(n).fill(1)
    gradient[at] = Number.NaN
    const [w, g, ms, mom, avg] = [1, 0, 1, 0, 1].map(v => place(team, new Float32Array(n).fill(v)))
    team.f32(g!, n).set(gradient)
    const rates = { lr: 0.1, decay: 0.9, eps: 1, momentum: 0.9, weightDecay: 0, gradScale: 1 }
    const tensors = { w: w!, g: g!, ms: ms!, mom: mom!, average: { avg: avg!, decay: 0.9 } }
    const norm = team.prepare([{ kernel: 'squaredNorm', g: g!, w: w!, n, weightDecay: 0 }])
    norm.run()
    assert.ok(Number.isNaN(norm.sums[0]))
    team.prepare([{ kernel: 'rmsprop', n, ...tensors, ...rates }]).run()
    for (const offset of [w!, ms!, mom!, avg!])
      team.f32(offset, n).forEach((value, i) => {
        assert.equal(Number.isNaN(value), i === at)
      })
    team.f32(g!, n)[at] = Number.POSITIVE_INFINITY
    norm.run()
    assert.equal(norm.sums[0], Number.POSITIVE_INFINITY)
  }
  await team.close()
})

test('thousands of interleaved jobs of many rows and of few run each row exactly once', async () => {
  const team = new Team({ threads: 4 })
  await team.ready()
  // Rows so short that the threads are nearly always at the claim, and that late workers fall into the next job.
  const shapes = [
    { count: 2000, n: 20 },
    { count: 1100, n: 31 },
    { count: 3, n: 5 },
    { count: 1, n: 200_000 },
  ]
  const jobs = shapes.map(({ count, n }) => {
    const src = place(team, new Float32Array(n).fill(1))
    const targets = Array.from({ length: count }, () => team.allocate(n * 4))
    return { n, targets, runs: 0, job: team.prepare(targets.map((dst): Task => ({ kernel: 'add', dst, src, n }))) }
  })
  for (let turn = 0; turn < 6000; turn++) {
    const entry = jobs[random.integer(jobs.length)]!
    entry.job.run()
    entry.runs++
  }
  for (const { n, targets, runs } of jobs)
    for (const dst of targets) assert.ok(team.f32(dst, n).every(value => value === runs))
  await team.close()
})

test('an empty job and a job of empty tasks run', async () => {
  const team = new Team({ threads: 2 })
  team.prepare([]).run()
  const job = team.prepare([{ kernel: 'squaredNorm', g: 0, w: 0, n: 0, weightDecay: 1 }])
  job.run()
  assert.deepEqual(Array.from(job.sums), [0])
  await team.close()
})

test('memory grows under prepared jobs and old views', async () => {
  const team = new Team({ threads: 2 })
  const n = 100_000
  const dst = team.allocate(n * 4)
  const view = team.f32(dst, n)
  const job = team.prepare([{ kernel: 'fill', dst, n, value: slot(0) }])
  job.run(Float64Array.of(1))
  const far = team.allocate(200 * 2 ** 20)
  assert.ok(far % 64 === 0 && far > dst)
  job.run(Float64Array.of(2))
  assert.ok(view.every(value => value === 2) && team.f32(dst, n)[n - 1] === 2)
  const job2 = team.prepare([{ kernel: 'fill', dst: far + 200 * 2 ** 20 - 64, n: 16, value: 3 }])
  job2.run()
  assert.ok(team.f32(far + 200 * 2 ** 20 - 64, 16).every(value => value === 3))
  await team.close()
})

test('blocks are aligned, disjoint, zero, and reused after release', () => {
  const { store } = new Team({ threads: 1 })
  const live = new Map<number, number>()
  const before = store.used
  for (let turn = 0; turn < 2000; turn++) {
    if (live.size > 0 && random.uniform() < 0.5) {
      const offset = [...live.keys()][random.integer(live.size)]!
      live.delete(offset)
      store.release(offset)
      continue
    }
    const bytes = random.integer(5000)
    const offset = store.allocate(bytes)
    assert.ok(offset > 0 && offset % 64 === 0)
    for (const [other, length] of live)
      assert.ok(offset >= other + Math.max(length, 1) || other >= offset + Math.max(bytes, 1))
    const view = new Uint8Array(store.buffer, offset, bytes)
    assert.ok(view.every(byte => byte === 0))
    view.fill(255)
    live.set(offset, bytes)
  }
  for (const offset of live.keys()) store.release(offset)
  assert.equal(store.used, before)
  assert.ok(store.buffer.byteLength <= 32 * 2 ** 20)
  const offset = store.allocate(1)
  store.release(offset)
  assert.throws(() => store.release(offset), UserError)
  assert.throws(() => store.allocate(-1), UserError)
  assert.throws(() => store.allocate(1.5), UserError)
})

test('memory that runs out says how much is in use and what to do', () => {
  const team = new Team({ threads: 1, memoryLimit: 2 ** 20 })
  team.allocate(2 ** 19)
  assert.throws(() => team.allocate(2 ** 20), {
    name: 'UserError',
    message: /out of tensor memory: 1\.00 MiB .*narrower/,
  })
  team.allocate(2 ** 18)
  assert.throws(() => new Team({ threads: 1 }).allocate(2 ** 32), { name: 'UserError', message: /exceeds 4\.00 GiB/ })
  assert.throws(() => new Team({ threads: 1, memoryLimit: 5 }), UserError)
})

test('tensors beyond two GiB have their own addresses', async () => {
  const team = new Team({ threads: 2 })
  const low = team.allocate(64)
  team.allocate(3 * 2 ** 30)
  const n = 70_001
  const high = team.allocate(n * 4)
  assert.ok(high > 3 * 2 ** 30)
  team.prepare([{ kernel: 'fill', dst: high, n, value: 1.5 }]).run()
  assert.ok(team.f32(high, n).every(value => value === 1.5))
  assert.equal(team.f32(low, 16)[0], 0)
  await team.close()
})

test('tasks that cannot have one meaning are refused when prepared', async () => {
  const team = new Team({ threads: 1 })
  const [a, b] = [team.allocate(4096), team.allocate(4096)]
  const refuse = (tasks: readonly Task[], message: RegExp) =>
    assert.throws(() => team.prepare(tasks), { name: 'UserError', message })
  refuse([{ kernel: 'add', dst: a, src: a + 4, n: 10 }], /share memory \(dst and src\)/)
  refuse([{ kernel: 'add', dst: a, src: a, n: 10 }], /share memory/)
  refuse(
    [
      { kernel: 'fill', dst: a, n: 10, value: 1 },
      { kernel: 'add', dst: b, src: a, n: 10 },
    ],
    /tasks 0 and 1 share memory .* two jobs/,
  )
  refuse(
    [
      { kernel: 'squaredNorm', g: a, w: b, n: 1024, weightDecay: 1 },
      { kernel: 'squaredNorm', g: a, w: b, n: 4, weightDecay: 1 },
      { kernel: 'fill', dst: a + 4092, n: 1, value: 1 },
    ],
    /tasks 0 and 2/,
  )
  refuse([{ kernel: 'fill', dst: a + 2, n: 1, value: 1 }], /dst is at/)
  refuse([{ kernel: 'fill', dst: 0, n: 1, value: 1 }], /dst is at 0/)
  refuse([{ kernel: 'fill', dst: a, n: 2 ** 30, value: 1 }], /room/)
  refuse([{ kernel: 'fill', dst: a, n: -1, value: 1 }], /n is -1/)
  refuse([{ kernel: 'fill', dst: a, n: 1, value: Number.NaN }], /a scalar is NaN/)
  refuse([{ kernel: 'fill', dst: a, n: 1, value: slot(-1) }], /slot -1/)
  refuse([{ kernel: 'squaredNorm', g: a, w: 0, n: 1, weightDecay: 1 }], /w is at 0/)
  // Two readers of one tensor are fine, and so are neighbours.
  team.prepare([
    { kernel: 'add', dst: b, src: a, n: 16 },
    { kernel: 'add', dst: b + 64, src: a, n: 16 },
  ])
  const job = team.prepare([{ kernel: 'fill', dst: a, n: 1, value: slot(1) }])
  assert.throws(() => job.run(), { name: 'UserError', message: /reads 2 scalars, and 0/ })
  assert.throws(() => job.run(new Float64Array(1)), UserError)
  job.release()
  job.release()
  assert.throws(() => job.run(new Float64Array(2)), /released/)
  assert.throws(() => team.f32(a + 1, 1), UserError)
  assert.throws(() => team.f32(a, 2 ** 30), UserError)
  assert.throws(() => new Team({ threads: 0 }), { name: 'UserError', exitCode: 2 })
  await team.close()
  assert.throws(() => team.prepare([]).run(), /closed/)
})

test('a thread that fails surfaces as an error, on every later run too, and nothing hangs', async () => {
  const team = new Team({ threads: 2 })
  await team.ready()
  const n = 16 * 2 ** 20
  const dst = team.allocate(n * 4)
  const mark = team.allocate(64)
  const job = team.prepare([{ kernel: 'fill', dst, n: 65536 * 4, value: 1 }])
  // The table is the block after `mark`. Its first row is made to keep one thread busy, the others to name no kernel.
  const rows = new Uint32Array(team.store.buffer, mark + 64, 64)
  rows[1] = n
  rows[16] = rows[32] = rows[48] = 999
  assert.throws(() => job.run(), { name: 'UserError', message: /SIMD thread has stopped/ })
  assert.throws(() => job.run(), { name: 'UserError', message: /SIMD thread has stopped/ })
  await team.close()
})

test('workers that are not closed let the process end', () => {
  const url = new URL('../../src/backends/simd/team.js', import.meta.url).href
  const script = `
    const { Team } = await import(${JSON.stringify(url)})
    const team = new Team({ threads: 3 })
    await team.ready()
    const dst = team.allocate(4e6)
    team.prepare([{ kernel: 'fill', dst, n: 1e6, value: 7 }]).run()
    console.log(team.f32(dst, 1e6)[999999])`
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 20_000 })
  assert.deepEqual([done.status, done.stdout, done.stderr], [0, '7\n', ''])
})
