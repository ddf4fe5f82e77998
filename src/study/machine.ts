import { readFileSync } from 'node:fs'
import os from 'node:os'
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

/** Of the package that this file belongs to, which lies somewhere above it. */
function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as object
  return 'version' in manifest ? String(manifest.version) : 'unknown'
}
