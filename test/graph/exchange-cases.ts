import { gradients } from '../../src/graph/gradients.js'
import type { Value } from '../../src/graph/op.js'
import { allReduceBegin, allReduceEnd } from '../../src/graph/ops/allReduce.js'
import { conv2d } from '../../src/graph/ops/convolution.js'
import { partOp } from '../../src/graph/ops/part.js'
import { reduceTogether } from '../../src/graph/reduceTogether.js'
import type { OpCase } from './contract.js'
import type { Material } from './material.js'
import { one, window } from './windows.js'

/** Gradients of weights and bias as a backward kernel makes them, and two that come from elsewhere. */
function gradientsOf(m: Material): Value[] {
  const [weights, bias] = [m.weight([5, 3, 3, 3]), m.weight([5])]
  const y = conv2d(m.map([2, 3, 6, 7]), weights, bias, { ...window([3, 3], 1, one), groups: 1 })
  return [...gradients([{ of: y, weight: m.seedOf(y) }], [weights, bias]), m.gradient([7]), m.gradient([1])]
}

/** What an exchange means for one replica alone; test/communication has the same over several. */
export const exchanges: readonly OpCase[] = [
  ...(['f32', 'bf16'] as const).flatMap((precision): OpCase[] => [
    {
      name: `all-reduce in ${precision}, in the gradients' own memory`,
      backward: 'none',
      build: m => reduceTogether(gradientsOf(m), { replicas: 1, precision, factor: 0.5 }),
    },
    {
      name: `all-reduce in ${precision}, in buckets of one`,
      backward: 'none',
      build: m => reduceTogether(gradientsOf(m), { replicas: 1, precision, bucketBytes: 1 }),
    },
    {
      name: `all-reduce in ${precision} of gradients that are read besides`,
      backward: 'none',
      build: m => {
        const src = gradientsOf(m)
        const { sums, staging } = allReduceBegin.emit({ src }, { replicas: 1, precision })
        const { dst } = allReduceEnd.emit({ sums, staging }, { factor: 3 })
        return [...src, sums, dst, partOp.emit({ src: dst }, { first: 3, shape: [2, 5] }).dst]
      },
    },
  ]),
  {
    name: 'part of what is given',
    backward: 'none',
    build: m => [partOp.emit({ src: m.gradient([20]) }, { first: 3, shape: [2, 5] }).dst],
  },
  {
    name: 'all-reduce of what was reduced',
    backward: 'none',
    build: m => {
      const once = reduceTogether(gradientsOf(m), { replicas: 1, precision: 'f32' })
      return reduceTogether(once.slice(1), { replicas: 1, precision: 'f32', factor: 2 })
    },
  },
]
