import { UserError } from '../../base/error.js'

/** Images a step of one replica. Errors: UserError, naming the nearest batches that replicas can share evenly. */
export function localBatch(batch: number, replicas: number): number {
  if (batch % replicas === 0) return batch / replicas
  const below = Math.floor(batch / replicas) * replicas
  const fitting = [...(below > 0 ? [below] : []), below + replicas].join(' or ')
  throw new UserError(
    `${replicas} replicas cannot share a batch of ${batch} evenly: take a batch of ${fitting}, or as many replicas as divide it`,
    2,
  )
}
