import { fromBf16, toBf16 } from '../../../base/dtype.js'
import type { AnyOp, Numbers } from '../../../graph/op.js'
import type { Ops } from '../../../graph/ops.js'
import { ops } from '../../../graph/ops.js'
import type { Kernels, Lowering, Operand, View } from '../kernels.js'

/**
 * Runs the op's own reference loops. For ops over a few thousand numbers a step, where a kernel would save
 * microseconds, and for those that run once, before the first step.
 */
function asReference(op: AnyOp, call: { x: object; y: object; attrs: unknown }, k: Kernels): void {
  k.launches.push({
    kind: 'script',
    bind(view) {
      const before: (() => void)[] = []
      const after: (() => void)[] = []
      const tensor = (operand: Operand) => {
        const bytes = view(operand)
        const data = numbers(bytes)
        if (bytes instanceof Uint16Array) {
          before.push(() =>
            data.forEach((_, i) => {
              data[i] = fromBf16(bytes[i]!)
            }),
          )
          after.push(() =>
            data.forEach((value, i) => {
              bytes[i] = toBf16(value)
            }),
          )
        } else if (bytes instanceof Int32Array) before.push(() => data.set(bytes))
        return { dtype: operand.dtype, shape: operand.shape, data }
      }
      const bound = (ports: object) =>
        Object.fromEntries(
          Object.entries(ports as Record<string, Operand | readonly Operand[] | undefined>).map(([port, operand]) => [
            port,
            operand && ('value' in operand ? tensor(operand) : operand.map(tensor)),
          ]),
        )
      const [x, y] = [bound(call.x), bound(call.y)]
      return () => {
        for (const read of before) read()
        op.reference(x, y, call.attrs)
        for (const write of after) write()
      }
    },
  })
}

/** f32 is worked on in place; other types through a copy. */
const numbers = (view: View): Numbers => (view instanceof Float32Array ? view : new Float32Array(view.length))

export const constant: Lowering<Ops['constant']> = { lower: (call, k) => asReference(ops.constant, call, k) }
export const dropout: Lowering<Ops['dropout']> = {
  rowMajor: ['src', 'dst'],
  lower: (call, k) => asReference(ops.dropout, call, k),
}
export const normaliseRows: Lowering<Ops['normaliseRows']> = {
  rowMajor: ['src', 'dst'],
  lower: (call, k) => asReference(ops.normaliseRows, call, k),
}
export const normaliseRowsBackward: Lowering<Ops['normaliseRowsBackward']> = {
  rowMajor: ['src', 'diff_dst', 'diff_src'],
  lower: (call, k) => asReference(ops.normaliseRowsBackward, call, k),
}
export const clipFactor: Lowering<Ops['clipFactor']> = { lower: (call, k) => asReference(ops.clipFactor, call, k) }
export const softmaxCrossEntropy: Lowering<Ops['softmaxCrossEntropy']> = {
  lower: (call, k) => asReference(ops.softmaxCrossEntropy, call, k),
}
export const softmaxCrossEntropyBackward: Lowering<Ops['softmaxCrossEntropyBackward']> = {
  lower: (call, k) => asReference(ops.softmaxCrossEntropyBackward, call, k),
}
export const mixedCrossEntropy: Lowering<Ops['mixedCrossEntropy']> = {
  lower: (call, k) => asReference(ops.mixedCrossEntropy, call, k),
}
export const mixedCrossEntropyBackward: Lowering<Ops['mixedCrossEntropyBackward']> = {
  lower: (call, k) => asReference(ops.mixedCrossEntropyBackward, call, k),
}
export const combineMoments: Lowering<Ops['combineMoments']> = {
  lower: (call, k) => asReference(ops.combineMoments, call, k),
}
export const replicaRow: Lowering<Ops['replicaRow']> = { lower: (call, k) => asReference(ops.replicaRow, call, k) }
export const statisticsGradient: Lowering<Ops['statisticsGradient']> = {
  lower: (call, k) => asReference(ops.statisticsGradient, call, k),
}
export const foldBatchNorm: Lowering<Ops['foldBatchNorm']> = {
  rowMajor: ['weights'],
  lower: (call, k) => asReference(ops.foldBatchNorm, call, k),
}
export const stackFilters: Lowering<Ops['stackFilters']> = {
  rowMajor: ['src', 'dst'],
  lower: (call, k) => asReference(ops.stackFilters, call, k),
}
export const nothing = { lower() {} }
