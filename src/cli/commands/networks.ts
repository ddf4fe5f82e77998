import { Command } from 'commander'

export interface Flags {
  json?: boolean
}

export const networksCommand = (): Command =>
  new Command('networks')
    .description('what networks there are')
    .option('--json', 'as JSON')
    .action(async (flags: Flags) => (await import('./networks/action.js')).listNetworks(flags))
