/** The families of MPI whose handles differ. Intel's MPI, MVAPICH and others are MPICH's. */
export type Family = 'Open MPI' | 'MPICH'

/** What started this process beside others. */
export interface Launcher {
  /** The variable that tells of it. */
  readonly sign: string
  /** Processes that it started; undefined where it does not say. */
  readonly size: number | undefined
  /** The only MPI that can speak with it; undefined where both may. */
  readonly family: Family | undefined
}

/**
 * Variables that launchers set, the most telling first. Slurm's comes last: below an mpirun within a job it may be that
 * of the mpirun's own daemons.
 */
const signs: readonly Launcher[] = [
  { sign: 'OMPI_COMM_WORLD_SIZE', size: undefined, family: 'Open MPI' },
  { sign: 'PMI_SIZE', size: undefined, family: 'MPICH' },
  { sign: 'MV2_COMM_WORLD_SIZE', size: undefined, family: 'MPICH' },
  { sign: 'SLURM_STEP_NUM_TASKS', size: undefined, family: undefined },
]

/** The launcher that this process was started by, or undefined where it runs alone. */
export function findLauncher(environment: NodeJS.ProcessEnv = process.env): Launcher | undefined {
  for (const launcher of signs) {
    const size = Number(environment[launcher.sign])
    // Under Slurm, PMI_SIZE is of srun's own protocol, which both families speak.
    const family = environment.SLURM_JOB_ID === undefined ? launcher.family : ofOpenMpi(launcher)
    if (Number.isInteger(size) && size >= 1) return size === 1 ? undefined : { ...launcher, family, size }
  }
  // PMIx does not say in the environment how many there are.
  return environment.PMIX_RANK === undefined ? undefined : { sign: 'PMIX_RANK', size: undefined, family: undefined }
}

const ofOpenMpi = ({ family }: Launcher) => (family === 'Open MPI' ? family : undefined)

/** Processes of this job on this host, where the launcher says so. */
export function localSize(environment: NodeJS.ProcessEnv = process.env): number | undefined {
  const said = environment.OMPI_COMM_WORLD_LOCAL_SIZE ?? environment.MPI_LOCALNRANKS
  return said === undefined ? undefined : Number(said)
}
