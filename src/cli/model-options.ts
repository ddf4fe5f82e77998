import { type Command, Option } from 'commander'
import { type ExtraNorm, extraNorms } from '../nn/scope.js'
import { counts, oneOf, realNumber, wholeNumber } from './arguments.js'

/** Options that shape a network, the same for every command that builds one. */
export interface ModelFlags {
  size?: number
  width: number
  residualScale?: number
  blocks?: Record<string, number>
  normScale: boolean
  extraNorm?: ExtraNorm
}

export const addModelOptions = (command: Command): Command =>
  command
    .option('--size <pixels>', 'side of the input (default: the published size)', wholeNumber(1))
    .option('--width <factor>', 'channel multiplier, channels rounded to a multiple of 8', realNumber(0.01), 1)
    .option('--residual-scale <factor>', 'scale of residual branches (default: as published)', realNumber(0))
    .option('--blocks <counts>', 'repeat counts that differ from the published ones, e.g. a=2,b=3,c=1', counts)
    .option('--no-norm-scale', "batch norms without scale: slim's and Keras's form")
    .option(
      '--extra-norm <where>',
      `a batch norm the published network lacks: ${extraNorms.join(', ')}`,
      oneOf('place', extraNorms),
    )

export const classesOption = (): Option =>
  new Option('--classes <n>', 'columns of the output (default: 1000 classes, or the published embedding)').argParser(
    wholeNumber(1),
  )
