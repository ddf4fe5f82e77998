import { type Command, InvalidArgumentError } from 'commander'
import { UserError } from '../../../base/error.js'
import { parseLink } from '../../../study/scaling/link.js'
import type { Link } from '../../../study/scaling/prediction.js'
import { wholeNumber } from '../../arguments.js'

export interface DryRunFlags {
  dryRun?: boolean
  replicas?: number
  link?: Link
}

const mostReplicas = 100_000

export const addDryRunOptions = (command: Command): Command =>
  command
    .option('--dry-run', 'only predict time and memory, from a few steps on these images; nothing is written')
    .option('--replicas <n>', 'with --dry-run: as one of so many replicas', wholeNumber(1, mostReplicas))
    .option('--link <speed>', 'with --replicas: what joins them, such as 10Gbps or 25Gbps,20us', linkOf)

function linkOf(text: string): Link {
  const link = parseLink(text)
  if (link === undefined) throw new InvalidArgumentError('Write it like 10Gbps or 25Gbps,20us.')
  return link
}

/** Errors: UserError where options of a prediction are given without the ones that they belong to. */
export function expectDryRun({ dryRun, replicas, link }: DryRunFlags): void {
  if (replicas !== undefined && !dryRun)
    throw new UserError('--replicas is for --dry-run; to train with many, start the command with mpirun -n', 2)
  if (link !== undefined && replicas === undefined)
    throw new UserError('--link joins replicas: say how many (--replicas)', 2)
  if (replicas !== undefined && replicas > 1 && link === undefined)
    throw new UserError('what joins the replicas? Give --link, such as --link 10Gbps', 2)
}
