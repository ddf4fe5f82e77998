import { sizeOf } from '../../../base/shape.js'
import { bucketStarts } from '../../../graph/ops/allReduce.js'
import type { Ops } from '../../../graph/ops.js'
import type { Task } from '../../simd/task.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

const f32 = 4

/** Where an operand lies in the team's memory. */
type Offset = (operand: Operand) => number

/** Tensors are laid into the bucket when they are made, and copied only where somebody else reads them. */
export const allReduceBegin: Lowering<Ops['allReduceBegin']> = {
  rowMajor: ['src'],
  team: ['src', 'sums', 'staging'],
  lower({ x: { src }, y: { sums, staging }, attrs: { replicas } }, k) {
    const starts = bucketStarts(src)
    const at = (element: number, offset: Offset) => offset(sums) + f32 * element
    const tasks = src.flatMap((operand, t) => {
      const [start, n] = [starts[t]!, sizeOf(operand.shape)]
      const gap = (starts[t + 1] ?? sizeOf(sums.shape)) - start - n
      const isThere = k.gather(operand, sums, f32 * start)
      return [
        ...(isThere ? [] : [(offset: Offset) => copy(at(start, offset), offset(operand), n)]),
        ...(gap === 0
          ? []
          : [(offset: Offset): Task => ({ kernel: 'fill', dst: at(start + n, offset), n: gap, value: 0 })]),
      ]
    })
    if (tasks.length > 0) run(k, offset => tasks.map(task => task(offset)))
    k.launches.push({ kind: 'exchange', sums, staging, replicas })
  },
}

export const allReduceEnd: Lowering<Ops['allReduceEnd']> = {
  team: ['sums', 'staging', 'dst'],
  lower({ x: { sums, staging }, y: { dst }, attrs: { factor } }, k) {
    k.launches.push({ kind: 'exchange', sums, staging })
    const n = sizeOf(dst.shape)
    if (!k.overwrite(sums, dst)) run(k, offset => [copy(offset(dst), offset(sums), n)])
    if (factor !== 1) run(k, offset => [{ kernel: 'scale', dst: offset(dst), n, factor }])
  },
}

/** Nothing runs where the part can be looked at in its place. */
export const part: Lowering<Ops['part']> = {
  rowMajor: ['src', 'dst'],
  team: ['src', 'dst'],
  lower({ x: { src }, y: { dst }, attrs: { first } }, k) {
    if (!k.share(dst, src, f32 * first))
      run(k, offset => [copy(offset(dst), offset(src) + f32 * first, sizeOf(dst.shape))])
  },
}

const copy = (dst: number, src: number, n: number): Task => ({ kernel: 'copy', dst, src, n })

function run(k: Kernels, tasks: (offset: Offset) => readonly Task[]): void {
  k.launches.push({ kind: 'team', tasks, bind: () => ({ scalars() {} }) })
}
