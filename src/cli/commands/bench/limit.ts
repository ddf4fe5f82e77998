import { Command } from 'commander'
import { addNetworkOptions, type NetworkFlags } from './network-options.js'

export interface Flags extends NetworkFlags {
  json?: boolean
}

export const benchLimitCommand = (): Command =>
  addNetworkOptions(
    new Command('limit').description(
      "what a network's arithmetic takes on this machine: each convolution and matrix product timed alone at its best",
    ),
  )
    .option('--json', 'as JSON, with the machine')
    .action(async (flags: Flags) => (await import('./limit/action.js')).measureLimit(flags))
