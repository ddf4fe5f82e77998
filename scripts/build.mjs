// Compiles the TypeScript, and the AssemblyScript kernels to WebAssembly, when their sources have changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

function run(tool, args) {
  const done = spawnSync(process.execPath, [path.join(root, 'node_modules', tool), ...args], {
    cwd: root,
    stdio: 'inherit',
  })
  if (done.status !== 0) process.exit(done.status ?? 1)
}

/** One hash over the content of every file below the given places. */
function fingerprint(...places) {
  const hash = createHash('sha256')
  const visit = place => {
    const files = readdirSync(path.join(root, place), { withFileTypes: true })
    for (const entry of files.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const child = path.join(place, entry.name)
      if (entry.isDirectory()) visit(child)
      else hash.update(child).update(readFileSync(path.join(root, child)))
    }
  }
  for (const place of places)
    if (place.includes('.')) hash.update(readFileSync(path.join(root, place)))
    else visit(place)
  return hash.digest('hex')
}

function step(name, sources, build) {
  const stamp = path.join(root, 'dist', `${name}.stamp`)
  const now = fingerprint(...sources)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return
  mkdirSync(path.dirname(stamp), { recursive: true })
  build()
  writeFileSync(stamp, now)
}

/** Removes what was compiled from sources that are there no more: a test that was moved would run twice. */
function prune() {
  for (const folder of ['src', 'test', 'bench']) {
    const compiled = path.join(root, 'dist', folder)
    if (!existsSync(compiled)) continue
    for (const file of readdirSync(compiled, { recursive: true })) {
      const source = /^(.*?)\.(?:d\.ts|js|js\.map)$/.exec(file)?.[1]
      if (source !== undefined && !existsSync(path.join(root, folder, `${source}.ts`)))
        rmSync(path.join(compiled, file))
    }
  }
}

step('typescript', ['src', 'test', 'bench', 'tsconfig.json', 'package-lock.json'], () => {
  prune()
  run('typescript/bin/tsc', [])
  // What runs in browsers has other globals.
  run('typescript/bin/tsc', ['--project', 'src/export/web/app'])
})
/** The AssemblyScript kernels of a folder, beside where its TypeScript is compiled to. */
function assemble(folder) {
  run('assemblyscript/bin/asc.js', [
    `src/${folder}/kernels/index.ts`,
    '--config',
    `src/${folder}/kernels/asconfig.json`,
    '--outFile',
    `dist/src/${folder}/kernels.wasm`,
  ])
}
step('kernels', ['src/backends/simd/kernels', 'src/backends/normal-quantile.ts', 'package-lock.json'], () =>
  assemble('backends/simd'),
)
step('data-kernels', ['src/data/kernels', 'package-lock.json'], () => assemble('data'))
