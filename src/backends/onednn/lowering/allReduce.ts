import { sizeOf } from '../../../base/shape.js'
import { bucketStarts } from '../../../graph/ops/allReduce.js'
import type { Ops } from '../../../graph/ops.js'
import type { Task } from '../../simd/task.js'
import type { Kernels, Lowering, Operand } from '../kernels.js'

const f32 = 4

/** Tensors are laid into the bucket when they are made, and copied only where somebody else reads them. */
export const allReduceBegin: Lowering<Ops['allReduceBegin']> = {
  rowMajor: ['src'],
  team: ['src', 'sums', 'staging'],
  lower({ x: { src }, y: { sums, staging }, attrs: { replicas } }, k) {
    const starts = bucketStarts(src)
    const elsewhere = src.map((operand, t) => !k.gather(operand, sums, f32 * starts[t]!))
    run(k, offset => {
      const at = (element: number) => offset(sums) + f32 * element
      return src.flatMap((operand, t): Task[] => {
        const [start, n] = [starts[t]!, sizeOf(operand.shape)]
        const next = starts[t + 1] ?? sizeOf(sums.shape)
        return [
          ...(elsewhere[t] ? [copy(at(start), offset(operand), n)] : []),
          ...(start + n < next ? [{ kernel: 'fill', dst: at(start + n), n: next - start - n, value: 0 } as const] : []),
        ]
      })
    })
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

function run(k: Kernels, tasks: (offset: (operand: Operand) => number) => readonly Task[]): void {
  k.launches.push({ kind: 'team', tasks, bind: () => ({ scalars() {} }) })
}
