// Runs the op contract and the golden numbers on oneDNN 3. Where the system has version 2 only, as Debian 12 has, it
// fetches Debian 13's library with the C library it needs into a folder of their own, and starts node through that
// folder's dynamic loader. Nothing is installed.
//
//   npm run test:onednn3 -- [--folder DIR] [WORDS]     test files whose path holds one of the words
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { folder: { type: 'string', default: path.join(root, 'node_modules/.cache/onednn3') } },
})
const folder = path.resolve(values.folder)
const words = positionals.length > 0 ? positionals : ['graph', 'golden', 'backends']

/** oneDNN, and all that it and node ask the loader for. */
const packages = ['libdnnl3.6', 'libc6', 'libstdc++6', 'libgcc-s1', 'libgomp1', 'ocl-icd-libopencl1']

function fail(message) {
  console.error(`test:onednn3: ${message}`)
  process.exit(1)
}

function output(command, args, cwd = root) {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (done.error) fail(`${command} cannot be started (${done.error.message}): this needs Debian 12 or oneDNN 3`)
  if (done.status !== 0) fail(`${[command, ...args].join(' ')} failed: ${done.stderr.trim()}`)
  return done.stdout
}

/** Unpacks the packages of Debian 13, from the mirror that this system's own packages come from. */
function fetchPackages() {
  const [state, cache, debs, unpacked] = ['state', 'cache', 'debs', 'root'].map(name => path.join(folder, name))
  if (existsSync(path.join(folder, 'complete'))) return unpacked
  const release = readFileSync('/etc/os-release', 'utf8').match(/^VERSION_CODENAME=(\w+)$/m)?.[1]
  if (!release) fail('/etc/os-release names no release: this needs Debian 12 or oneDNN 3')
  rmSync(folder, { recursive: true, force: true })
  for (const place of [path.join(state, 'lists/partial'), path.join(cache, 'archives/partial'), debs, unpacked])
    mkdirSync(place, { recursive: true })
  const own = ['-o', `Dir::State=${state}`, '-o', `Dir::Cache=${cache}`]
  const uris = output('apt-get', ['update', '--print-uris', ...own])
  const mirror = uris.match(new RegExp(`'(\\S+)/dists/${release}/InRelease'`))?.[1]
  if (!mirror) fail(`apt is configured with no mirror of ${release}: name one in /etc/apt/sources.list`)
  const sources = path.join(folder, 'trixie.list')
  writeFileSync(sources, `deb ${mirror} trixie main\n`)
  const only = ['-o', `Dir::Etc::sourcelist=${sources}`, '-o', 'Dir::Etc::sourceparts=/dev/null']
  // Root's apt would download as another user, who may not write here.
  const options = [...own, ...only, '-o', 'APT::Sandbox::User=root']
  output('apt-get', ['-qq', 'update', ...options])
  output('apt-get', ['-qq', 'download', ...options, ...packages], debs)
  for (const file of readdirSync(debs)) output('dpkg-deb', ['-x', path.join(debs, file), unpacked])
  writeFileSync(path.join(folder, 'complete'), '')
  return unpacked
}

/**
 * A command that starts this node with oneDNN 3. To node its executable file is the dynamic loader, so it is told to
 * start its own children by that command too.
 */
function nodeWith(unpacked) {
  const below = path.join(unpacked, 'usr/lib')
  const libraries = path.join(
    below,
    readdirSync(below).find(name => name.endsWith('-linux-gnu')),
  )
  const named = pattern => path.join(libraries, readdirSync(libraries).find(name => pattern.test(name)) ?? '')
  const [command, preload] = ['node', 'preload.cjs'].map(name => path.join(folder, name))
  const quoted = text => `'${text.replaceAll("'", "'\\''")}'`
  const words = [named(/^ld-linux.*\.so\.\d+$/), '--library-path', libraries, process.execPath, '--require', preload]
  writeFileSync(preload, `process.execPath = ${JSON.stringify(command)}\n`)
  writeFileSync(
    command,
    `#!/bin/sh
export INCEPTION_ONEDNN=${quoted(named(/^libdnnl\.so\.3\.\d+$/))}
exec ${words.map(quoted).join(' ')} "$@"
`,
    { mode: 0o755 },
  )
  return command
}

/** What the backend calls itself under this node. */
function titleUnder(node) {
  const module = new URL('../dist/src/backends/onednn/onednn.js', import.meta.url)
  const text = `const { openOnednn } = await import(${JSON.stringify(module)}); const o = openOnednn(); console.log(o.title ?? o.reason)`
  return output(node, ['--input-type=module', '--eval', text]).trim()
}

const isThree = title => title.startsWith('oneDNN 3')
const node = isThree(titleUnder(process.execPath)) ? process.execPath : nodeWith(fetchPackages())
const title = titleUnder(node)
if (!isThree(title)) fail(`this is not oneDNN 3: ${title}`)
console.log(`${title}, by ${node}`)
const { status } = spawnSync(node, [path.join(root, 'scripts/test.mjs'), ...words], { cwd: root, stdio: 'inherit' })
console.log(`the tests ${status === 0 ? 'pass' : 'fail'} on ${title}`)
process.exit(status ?? 1)
