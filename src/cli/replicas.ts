import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { packageVersion } from '../base/package-version.js'
import { type Communicator, ReplicaLost } from '../communication/communicator.js'
import { openCommunicator } from '../communication/open.js'
import { expectSame } from '../training/replicas/agreement.js'
import { Replicas } from '../training/replicas/replicas.js'
import { replicaTimeoutOption } from './engine-options.js'
import { failureOf } from './failure.js'
import { warn } from './warn.js'

/** Whether the processes that a launcher starts carry it out together: those have an option for it. */
export const isForReplicas = ({ options }: Command): boolean =>
  options.some(({ long }) => long === replicaTimeoutOption().long)

export interface Together {
  readonly replicas: Replicas
  /** Tells of something that does not stop the work, once for all replicas. */
  readonly warn: (message: string) => void
}

/**
 * Does the work of a command as one of the replicas that a launcher such as mpirun started, or by itself. Where it fails
 * on one, it ends on all, with one message and one exit code.
 */
export async function asReplica(timeoutSeconds: number, work: (together: Together) => Promise<void>): Promise<void> {
  using communicator = openCommunicator({ timeoutSeconds })
  const replicas = new Replicas(communicator)
  const tell = replicas.isFirst ? warn : () => {}
  if (communicator === undefined) return await work({ replicas, warn })
  try {
    // Whatever else they compare, they have to be speaking of the same thing.
    expectSame(replicas, { "the program's version": packageVersion(), 'the command': process.argv[2] ?? '' })
    await work({ replicas, warn: tell })
    // Whoever fails now still finds the others.
    replicas.gather(true)
  } catch (error) {
    await endTogether(communicator, replicas, error)
  }
}

async function endTogether(communicator: Communicator, replicas: Replicas, error: unknown): Promise<void> {
  const shared = toldToOthers(replicas, error)
  const failure = failureOf(shared)
  // The others know nothing of a fault of the program, and would wait.
  if (failure === undefined) {
    process.stderr.write(`${shared instanceof Error ? shared.stack : shared}\n`)
    communicator.abort(1)
  }
  const isLost = shared instanceof ReplicaLost
  // The first saves what there is and ends all. Launchers end all others with whoever exits before.
  if (isLost && !replicas.isFirst && !shared.ranks.includes(0)) await sleep(1000 * communicator.timeoutSeconds)
  if ((isLost || replicas.isFirst) && failure.line !== undefined) process.stderr.write(failure.line)
  if (isLost) communicator.abort(failure.exitCode)
  process.exitCode = failure.exitCode
}

/** The error that all end with, or that there is nobody to tell. */
function toldToOthers(replicas: Replicas, error: unknown): unknown {
  try {
    return replicas.fail(error)
  } catch (lost) {
    return lost
  }
}
