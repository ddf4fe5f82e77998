import { type Command, Option } from 'commander'
import { UserError } from '../../../base/error.js'
import { type ReducePrecision, reducePrecisions } from '../../../communication/communicator.js'
import type { Recipe } from '../../../training/recipe.js'
import { oneOf, wholeNumber } from '../../arguments.js'

import { replicaTimeoutOption } from '../../engine-options.js'

export interface ReplicaFlags {
  batchPerReplica?: number
  reducePrecision: ReducePrecision
  syncBatchNorm?: boolean
  checkReplicas: number
  replicaTimeout: number
}

/** Options of training that say something where several replicas do it. */
export const addReplicaOptions = (command: Command): Command =>
  command
    .option('--sync-batch-norm', "under mpirun: batch norms take the statistics of all replicas' images")
    .option(
      '--batch-per-replica <n>',
      'under mpirun, instead of --batch: images a step of each replica',
      wholeNumber(1),
    )
    .addOption(
      new Option('--reduce-precision <type>', 'under mpirun: what gradients are sent in: f32, bf16')
        .argParser(oneOf('precision', reducePrecisions))
        .default('f32'),
    )
    .option(
      '--check-replicas <steps>',
      'under mpirun: steps between comparisons of all weights; 0 for none',
      wholeNumber(0),
      100,
    )
    .addOption(replicaTimeoutOption())

/** What of a recipe the options say for so many replicas. Errors: UserError where the batch is given in both ways. */
export function replicaRecipeOf(
  { batchPerReplica, reducePrecision, syncBatchNorm }: ReplicaFlags,
  { replicas, givesBatch }: { readonly replicas: number; readonly givesBatch: boolean },
): Partial<Pick<Recipe, 'batch' | 'reducePrecision' | 'syncBatchNorm'>> {
  if (batchPerReplica !== undefined && givesBatch)
    throw new UserError('--batch is of all replicas together, --batch-per-replica of one: give one of them', 2)
  return {
    ...(batchPerReplica !== undefined && { batch: batchPerReplica * replicas }),
    ...(reducePrecision !== 'f32' && { reducePrecision }),
    ...(syncBatchNorm && { syncBatchNorm }),
  }
}
