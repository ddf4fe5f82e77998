import { UserError } from '../base/error.js'
import { usableCores } from '../base/threads.js'
import type { Communicator } from './communicator.js'
import { findLauncher, localSize } from './mpi/launcher.js'
import { loadMpi } from './mpi/library.js'
import { MpiCommunicator } from './mpi/mpi-communicator.js'

/** @property timeoutSeconds How long to wait for a replica that does not come. @default 300 */
export interface CommunicatorOptions {
  readonly timeoutSeconds?: number
}

/**
 * Joins the replicas that a launcher of MPI has started beside this process; undefined where it runs alone. Throws where
 * it was started as one of many and no MPI can be used, or one that the launcher does not speak with.
 */
export function openCommunicator({ timeoutSeconds = 300 }: CommunicatorOptions = {}): Communicator | undefined {
  const launcher = findLauncher()
  if (launcher === undefined) return undefined
  const library = loadMpi(launcher)
  // Open MPI reads this when it begins. Where replicas share processors, one that waits must let the others compute. Only
  // this one's own are known yet; where each has its own, yielding lets nobody in and costs a system call.
  if ((localSize() ?? 1) > usableCores()) process.env.OMPI_MCA_mpi_yield_when_idle ??= '1'
  const communicator = new MpiCommunicator(library, timeoutSeconds)
  const { size } = communicator
  if (launcher.size !== undefined && launcher.size !== size)
    throw new UserError(
      `${launcher.size} processes were started (${launcher.sign}), but ${library.title} knows of ${size}: it is not the launcher's MPI; name that one's library by INCEPTION_MPI`,
    )
  return communicator
}
