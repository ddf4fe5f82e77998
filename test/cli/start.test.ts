import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../../src/', import.meta.url))

/** All that is loaded with a module, by what its text says: modules of the source by their paths, packages by their names. */
function loadedWith(file: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(path.relative(source, file))) return found
  found.add(path.relative(source, file))
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?:\s[^'";]*?from)?\s+['"]([^'"\n]+)['"];$/gm)
  for (const [, name] of imports)
    if (name!.startsWith('.')) loadedWith(path.resolve(path.dirname(file), name!), found)
    else found.add(name!)
  return found
}

const commands = readdirSync(path.join(source, 'cli/commands')).filter(name => name.endsWith('.js'))
/** What takes its time to load, and no help and no wrong option needs. */
const heavy = ['koffi', 'data/sharp.js', 'networks/networks.js', 'backends/open.js', 'data/loader.js', 'graph/ops.js']

test('a command is declared without what its action needs, and its action finds all of that', () => {
  assert.ok(commands.length >= 10)
  for (const command of commands) {
    const loaded = loadedWith(path.join(source, 'cli/commands', command))
    assert.deepEqual(
      heavy.filter(name => loaded.has(name)),
      [],
      command,
    )
    // Node itself takes a tenth of a second, and about a thousandth for each of these.
    assert.ok(loaded.size < 60, `${command} loads ${loaded.size} modules`)
  }
  const action = loadedWith(path.join(source, 'cli/commands/train/action.js'))
  assert.deepEqual(
    heavy.filter(name => !action.has(name)),
    [],
  )
})
