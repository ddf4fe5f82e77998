import { roundTo } from '../../base/dtype.js'
import { type Communicator, type Exchange, expectReplicas } from '../../communication/communicator.js'
import type { Bound, Node, Tensor } from '../../graph/op.js'
import { type AllReduce, allReduceBegin, allReduceEnd } from '../../graph/ops/allReduce.js'

interface UnderWay {
  readonly numbers: Float32Array
  readonly exchange: Exchange
  readonly precision: AllReduce['precision']
}

/** Carries out the ops in which other replicas take part; their own reference loops are those of a replica alone. */
export class ReferenceExchanges {
  readonly all: Exchange[] = []
  readonly #underWay = new Map<Tensor, UnderWay>()
  readonly #communicator: Communicator

  constructor(communicator: Communicator) {
    this.#communicator = communicator
  }

  /** What runs a node that other replicas take part in; undefined for any other. `x` and `y` are its ports' tensors. */
  bind({ op, attrs }: Node, x: unknown, y: unknown): (() => void) | undefined {
    const is = (other: { readonly name: string }) => op.name === other.name
    if (is(allReduceBegin))
      return this.#begin(
        x as Bound<typeof allReduceBegin.inputs, Tensor>,
        y as Bound<typeof allReduceBegin.outputs, Tensor>,
        attrs as AllReduce,
      )
    if (is(allReduceEnd))
      return this.#end(
        x as Bound<typeof allReduceEnd.inputs, Tensor>,
        y as Bound<typeof allReduceEnd.outputs, Tensor>,
        attrs as { readonly factor: number },
      )
    return undefined
  }

  #begin(
    x: Bound<typeof allReduceBegin.inputs, Tensor>,
    y: Bound<typeof allReduceBegin.outputs, Tensor>,
    attrs: AllReduce,
  ) {
    expectReplicas(attrs, this.#communicator)
    const numbers = new Float32Array(y.sums.data.length)
    const exchange = this.#communicator.prepareSum(numbers)
    this.#underWay.set(y.sums, { numbers, exchange, precision: attrs.precision })
    this.all.push(exchange)
    return () => {
      allReduceBegin.reference(x, y, attrs)
      numbers.set(y.sums.data)
      exchange.begin()
    }
  }

  #end(
    x: Bound<typeof allReduceEnd.inputs, Tensor>,
    y: Bound<typeof allReduceEnd.outputs, Tensor>,
    attrs: { readonly factor: number },
  ) {
    const { numbers, exchange, precision } = this.#underWay.get(x.sums)!
    const { data } = x.sums
    // A replica alone keeps the double precision in which gradients are checked.
    const received = this.#communicator.size === 1 ? 0 : data.length
    return () => {
      exchange.finish()
      for (let i = 0; i < received; i++) data[i] = roundTo(precision, numbers[i]!)
      allReduceEnd.reference(x, y, attrs)
    }
  }
}
