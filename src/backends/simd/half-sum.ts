import type { Communicator } from '../../communication/communicator.js'
import type { HalfSum } from '../../communication/half-sum.js'
import type { Task } from './task.js'
import type { Team } from './team.js'

/**
 * The arithmetic of a sum in bf16 over numbers in the team's memory: `n` f32 at byte `numbers`, a multiple of the
 * replicas, and 4·n bytes for what is sent and what comes at byte `staging`. `prepare` makes a job of a task.
 */
export function teamHalfSum(
  { rank, size }: Communicator,
  team: Team,
  { numbers, staging, n }: { readonly numbers: number; readonly staging: number; readonly n: number },
  prepare: (task: Task) => { run(): void } = task => team.prepare([task]),
): HalfSum {
  const slice = n / size
  const [sent, received, own] = [staging, staging + 2 * n, numbers + 4 * rank * slice]
  const from = (replica: number) => received + 2 * replica * slice
  const inTurn = (...tasks: readonly Task[]) => {
    const jobs = tasks.map(prepare)
    return () => {
      for (const job of jobs) job.run()
    }
  }
  const bytes = (offset: number) => new Uint8Array(team.store.buffer, offset, 2 * n)
  const others = Array.from({ length: size - 1 }, (_, i) => i + 1)
  return {
    sent: bytes(sent),
    received: bytes(received),
    narrow: inTurn({ kernel: 'toBf16', dst: sent, src: numbers, n }),
    addUp: inTurn(
      { kernel: 'toF32', dst: own, src: from(0), n: slice },
      ...others.map((replica): Task => ({ kernel: 'addBf16', dst: own, src: from(replica), n: slice })),
      { kernel: 'toBf16', dst: sent, src: own, n: slice },
    ),
    widen: inTurn({ kernel: 'toF32', dst: numbers, src: received, n }),
  }
}
