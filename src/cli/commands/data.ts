import { Command } from 'commander'
import { ilsvrcCommand } from './data/ilsvrc.js'
import { inspectDataCommand } from './data/inspect.js'
import { synthCommand } from './data/synth.js'
import { verifyDataCommand } from './data/verify.js'

export const dataCommand = (): Command =>
  new Command('data')
    .description('make data sets and look at them')
    .addCommand(synthCommand())
    .addCommand(inspectDataCommand())
    .addCommand(verifyDataCommand())
    .addCommand(ilsvrcCommand())
