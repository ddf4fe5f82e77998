import { readFileSync } from 'node:fs'

/** The version of the package that this file belongs to, whose manifest lies somewhere above it. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as object
  return 'version' in manifest ? String(manifest.version) : 'unknown'
}
