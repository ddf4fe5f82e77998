import { sizeOf } from '../../base/shape.js'
import { type Communicator, type Exchange, expectReplicas } from '../../communication/communicator.js'
import { type HalfSum, prepareHalfSum } from '../../communication/half-sum.js'
import type { Value } from '../../graph/op.js'
import { teamHalfSum } from '../simd/half-sum.js'
import type { Team } from '../simd/team.js'
import type { Belongings } from './belongings.js'
import type { Launch, Operand } from './kernels.js'
import type { ProgramMemory } from './memory.js'

/** The exchanges of a program with other replicas, prepared over its memory. */
export class Exchanges {
  /** In the order in which they begin. */
  readonly all: Exchange[] = []
  readonly #bySums = new Map<Value, Exchange>()
  readonly #communicator: Communicator
  readonly #team: Team
  readonly #memory: ProgramMemory
  readonly #belongings: Belongings

  constructor(communicator: Communicator, team: Team, memory: ProgramMemory, belongings: Belongings) {
    this.#communicator = communicator
    this.#team = team
    this.#memory = memory
    this.#belongings = belongings
  }

  bind({ sums, staging, replicas }: Extract<Launch, { kind: 'exchange' }>): () => void {
    if (replicas === undefined) {
      const exchange = this.#bySums.get(sums.value)
      if (!exchange) throw new Error(`${sums.value.node.scope}: an exchange ends that has not begun`)
      return () => exchange.finish()
    }
    expectReplicas({ replicas }, this.#communicator)
    const exchange = staging
      ? prepareHalfSum(this.#communicator, this.#half(sums, staging))
      : this.#communicator.prepareSum(this.#team.f32(this.#offset(sums), sizeOf(sums.shape)))
    this.all.push(exchange)
    this.#bySums.set(sums.value, exchange)
    return () => exchange.begin()
  }

  #offset({ place }: Operand): number {
    return this.#memory.teamOffset(place)
  }

  #half(sums: Operand, staging: Operand): HalfSum {
    const place = { numbers: this.#offset(sums), staging: this.#offset(staging), n: sizeOf(sums.shape) }
    return teamHalfSum(this.#communicator, this.#team, place, task => {
      const job = this.#team.prepare([task])
      this.#belongings.add(() => job.release())
      return job
    })
  }
}
