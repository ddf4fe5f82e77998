import os from 'node:os'
import { packageVersion } from '../base/package-version.js'
import type { MachineSummary } from './result.js'

/** The machine that a result was measured on. `engine` is the backend and the precision. */
export function describeMachine(engine: string): MachineSummary {
  const cpus = os.cpus()
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryBytes: os.totalmem(),
    node: process.version,
    engine,
    version: packageVersion(),
    platform: `${os.type()} ${os.release()} ${os.arch()}`,
  }
}
