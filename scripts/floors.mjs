// Fails on an import that points to a higher floor or sideways between towers, and on any import cycle (ARCHITECTURE.md).
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { allowed } from './floor-imports.mjs'

const source = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'src')

const imports = new Map()
const visit = folder => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== 'kernels') visit(file)
    } else if (file.endsWith('.ts')) {
      const found = readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s[^'"]*?from\s+['"](\.[^'"]+)['"]/gms)
      imports.set(
        file,
        [...found].map(([, to]) => path.resolve(folder, to.replace(/\.js$/, '.ts'))),
      )
    }
  }
}
visit(source)

const complaints = []
const floorOf = file => path.relative(source, file).split(path.sep)[0]
for (const [file, targets] of imports) {
  const from = floorOf(file)
  if (from.endsWith('.ts')) continue
  if (!(from in allowed)) complaints.push(`${from}/ has no floor: name it in scripts/floors.mjs`)
  for (const target of targets) {
    const to = floorOf(target)
    if (to !== from && !allowed[from]?.includes(to))
      complaints.push(
        `${path.relative(source, file)} imports ${path.relative(source, target)}: ${from}/ may not use ${to}/`,
      )
  }
}

const state = new Map()
const walk = (file, trail) => {
  if (state.get(file) === 'done') return
  if (state.get(file) === 'open') {
    complaints.push(
      `cycle: ${[...trail.slice(trail.indexOf(file)), file].map(f => path.relative(source, f)).join(' → ')}`,
    )
    return
  }
  state.set(file, 'open')
  for (const target of imports.get(file) ?? []) walk(target, [...trail, file])
  state.set(file, 'done')
}
for (const file of imports.keys()) walk(file, [])

for (const complaint of complaints) console.error(complaint)
if (complaints.length > 0) process.exit(1)
console.log(`floors: ${imports.size} files, no upward arrow, no cycle`)
