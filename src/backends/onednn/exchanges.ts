import { sizeOf } from '../../base/shape.js'
import { type Communicator, type Exchange, expectReplicas } from '../../communication/communicator.js'
import { type HalfSum, prepareHalfSum } from '../../communication/half-sum.js'
import type { Value } from '../../graph/op.js'
import type { Task } from '../simd/task.js'
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
    const { rank, size } = this.#communicator
    const n = sizeOf(sums.shape)
    const slice = n / size
    const [numbers, sent] = [this.#offset(sums), this.#offset(staging)]
    const received = sent + 2 * n
    const own = numbers + 4 * rank * slice
    const from = (replica: number) => received + 2 * replica * slice
    const jobs = (...tasks: readonly Task[]) => {
      const prepared = tasks.map(task => this.#team.prepare([task]))
      for (const job of prepared) this.#belongings.add(() => job.release())
      return () => {
        for (const job of prepared) job.run()
      }
    }
    const bytes = (offset: number) => new Uint8Array(this.#team.store.buffer, offset, 2 * n)
    const others = Array.from({ length: size - 1 }, (_, i) => i + 1)
    return {
      sent: bytes(sent),
      received: bytes(received),
      narrow: jobs({ kernel: 'toBf16', dst: sent, src: numbers, n }),
      addUp: jobs(
        { kernel: 'toF32', dst: own, src: from(0), n: slice },
        ...others.map(replica => ({ kernel: 'addBf16', dst: own, src: from(replica), n: slice }) as const),
        { kernel: 'toBf16', dst: sent, src: own, n: slice },
      ),
      widen: jobs({ kernel: 'toF32', dst: numbers, src: received, n }),
    }
  }
}
