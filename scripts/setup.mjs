// Makes a fresh clone ready: npm packages, the build, oneDNN. Does nothing, quickly, when all is in place.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const say = line => process.stderr.write(`${line}\n`)

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  say(`Node ${process.versions.node} is too old: install Node 20.19 or newer`)
  process.exit(1)
}

/** The locked packages, without install scripts; again only when the lock file has changed. */
function installPackages() {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = path.join(root, 'node_modules', '.locked')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  say('installing the locked npm packages …')
  // Development packages are needed for the build, whatever NODE_ENV says.
  const done = spawnSync('npm', ['ci', '--ignore-scripts', '--include=dev', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: os.platform() === 'win32',
  })
  if (done.status !== 0) {
    say("'npm ci' failed: see above; it needs the npm registry")
    process.exit(done.status ?? 1)
  }
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, lock)
}

function build() {
  const done = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: 'inherit' })
  if (done.status !== 0) process.exit(done.status ?? 1)
}

/** Asks in a process of its own, because a library once loaded, or once missed, stays so. */
function nativeReason() {
  const check = path.join(root, 'scripts', 'check-onednn.mjs')
  const done = spawnSync(process.execPath, [check], { cwd: root, encoding: 'utf8' })
  return done.status === 0
    ? undefined
    : done.stdout.trim() || done.stderr.trim().split('\n').at(-1) || 'it could not be loaded'
}

const has = command => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0

/** The newest oneDNN among the packages that apt knows, such as libdnnl2 or libdnnl3.6. */
function aptPackage() {
  const { stdout } = spawnSync('apt-cache', ['search', '--names-only', '^libdnnl[23](\\.[0-9]+)?$'], {
    encoding: 'utf8',
  })
  const names = (stdout ?? '').split('\n').flatMap(line => line.match(/^libdnnl\S+/)?.[0] ?? [])
  return names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0]
}

/** oneDNN through apt where that is possible; otherwise says how, and the reference backend will serve. */
function installOnednn() {
  const reason = nativeReason()
  if (reason === undefined) return
  if (!process.env.INCEPTION_ONEDNN && os.platform() === 'linux' && has('apt-get')) {
    const prefix =
      process.getuid?.() === 0
        ? []
        : has('sudo') && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0
          ? ['sudo', '-n']
          : undefined
    if (prefix) {
      say('installing oneDNN …')
      const apt = (...args) => {
        const [command, ...rest] = [
          ...prefix,
          'env',
          'DEBIAN_FRONTEND=noninteractive',
          'apt-get',
          '-qq',
          '-o',
          'Dpkg::Use-Pty=0',
          ...args,
        ]
        return spawnSync(command, rest, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
      }
      const install = () => {
        const name = aptPackage()
        return name !== undefined && apt('install', '-y', '--no-install-recommends', name)
      }
      // The list of packages may be missing or old; it is fetched only when needed.
      if (install() || (apt('update') && install())) {
        if (nativeReason() === undefined) return
      }
    }
  }
  say(`\noneDNN cannot be used: ${nativeReason()}.`)
  say(
    "Install it and start again: 'apt-get install libdnnl2' on Debian 12, 'libdnnl3.6' on Debian 13 (as root); elsewhere see the README.",
  )
  say('Until then plain TypeScript computes, which is hundreds of times slower.\n')
}

requireNode()
installPackages()
build()
installOnednn()
