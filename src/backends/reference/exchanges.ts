import { roundTo } from '../../base/dtype.js'
import {
  type Communicator,
  type Exchange,
  expectReplicas,
  type ReducePrecision,
} from '../../communication/communicator.js'
import type { Node, Tensor, Value } from '../../graph/op.js'

interface UnderWay {
  readonly numbers: Float32Array
  readonly exchange: Exchange
  readonly precision: ReducePrecision
}

/** Carries out the ends of exchanges with other replicas, of which the ops' own loops are what a replica does alone. */
export class ReferenceExchanges {
  readonly all: Exchange[] = []
  readonly #underWay = new Map<Value, UnderWay>()
  readonly #communicator: Communicator

  constructor(communicator: Communicator) {
    this.#communicator = communicator
  }

  /** What runs a node whose own loops are `run`, over tensors of its values. */
  around({ op, attrs, inputs, outputs }: Node, tensor: (value: Value) => Tensor, run: () => void): () => void {
    const { exchange } = op
    if (exchange === undefined) return run
    if ('ends' in exchange) {
      const sums = inputs[exchange.ends as string] as Value
      return this.#end(sums, tensor(sums), run)
    }
    const sums = outputs[exchange.begins as string]!
    return this.#begin(sums, tensor(sums), exchange.among(attrs), run)
  }

  #begin(
    sums: Value,
    { data }: Tensor,
    among: { readonly replicas: number; readonly precision: ReducePrecision },
    run: () => void,
  ): () => void {
    expectReplicas(among, this.#communicator)
    const numbers = new Float32Array(data.length)
    const exchange = this.#communicator.prepareSum(numbers)
    this.#underWay.set(sums, { numbers, exchange, precision: among.precision })
    this.all.push(exchange)
    return () => {
      run()
      numbers.set(data)
      exchange.begin()
    }
  }

  #end(sums: Value, { data }: Tensor, run: () => void): () => void {
    const { numbers, exchange, precision } = this.#underWay.get(sums)!
    // A replica alone keeps the double precision in which gradients are checked.
    const received = this.#communicator.size === 1 ? 0 : data.length
    return () => {
      exchange.finish()
      for (let i = 0; i < received; i++) data[i] = roundTo(precision, numbers[i]!)
      run()
    }
  }
}
