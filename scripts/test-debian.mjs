// Runs tests in another Debian than this one, with its own MPI, oneDNN and C library: made once by debootstrap in a
// folder, where this checkout and this node are mounted. Debian 13 has Open MPI 5; what comes after it has Open MPI 6, and
// MPICH 5 with the standard ABI of MPI 5. Needs root, for the change of root; nothing is installed on the system itself.
//
//   npm run test:debian -- [--release trixie|forky] [--folder DIR] [WORDS]   test files whose path holds one of the words
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { release: { type: 'string', default: 'trixie' }, folder: { type: 'string' } },
})
const { release } = values
const folder = path.resolve(values.folder ?? path.join(root, 'node_modules/.cache', release))
const words = positionals.length > 0 ? positionals : ['communication', 'replicas']
const packages = ['openmpi-bin', 'mpich', 'libdnnl3.6', 'iproute2']

function fail(message) {
  console.error(`test:debian: ${message}`)
  process.exit(1)
}

/** Makes the folder. A release that this debootstrap does not know yet is made as all are. */
function make() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const known = existsSync(path.join('/usr/share/debootstrap/scripts', release))
  const options = ['--variant=minbase', `--include=${packages.join(',')}`]
  // No mirror but debootstrap's own, and the steps of a release that it knows.
  const args = [...options, release, folder, ...(known ? [] : ['', 'sid'])]
  const made = spawnSync('debootstrap', args, { encoding: 'utf8' })
  if (made.error) fail(`debootstrap cannot be started (${made.error.message}): apt-get install debootstrap`)
  if (made.status !== 0) fail(`debootstrap failed: ${made.stdout.trim().split('\n').at(-1)}`)
  writeFileSync(path.join(folder, 'complete'), '')
}

if (process.getuid?.() !== 0) fail('this needs root: it changes the root folder of a process')
if (!existsSync(path.join(folder, 'complete'))) make()

// The mounts are of a namespace of their own, and gone with it.
const script = `set -e
cd "$1"; mkdir -p project; touch opt/node
mount --bind "$2" project; mount --bind "$3" opt/node
mount -t proc proc proc; mount --rbind /dev dev; mount --rbind /sys sys
shift 3
exec chroot . /bin/bash -c 'cd /project; PATH=/opt:/usr/bin:/bin HOME=/root node scripts/test.mjs "$@"' bash "$@"`
const done = spawnSync('unshare', ['--mount', 'bash', '-c', script, 'bash', folder, root, process.execPath, ...words], {
  stdio: 'inherit',
  env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
})
if (done.error) fail(`unshare cannot be started (${done.error.message}): apt-get install util-linux`)
process.exit(done.status ?? 1)
