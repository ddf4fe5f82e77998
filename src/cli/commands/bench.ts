import { Command } from 'commander'
import { benchCommunicationCommand } from './bench/communication.js'
import { benchDataCommand } from './bench/data.js'
import { benchLatencyCommand } from './bench/latency.js'
import { benchLimitCommand } from './bench/limit.js'
import { workCommand } from './bench/work.js'

export const benchCommand = (): Command => {
  const bench = new Command('bench').description('speed and memory: warm-up, then the median of several runs')
  bench.addCommand(workCommand('train', 'training steps: forward, backward, RMSProp with momentum and running average'))
  bench.addCommand(workCommand('infer', 'inference with batch statistics fixed'))
  bench.addCommand(benchLimitCommand())
  bench.addCommand(benchLatencyCommand())
  bench.addCommand(benchDataCommand())
  bench.addCommand(benchCommunicationCommand())
  return bench
}
