import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import test from 'node:test'
import { Hosts } from '../../bench/replicas/hosts.js'
import type { Turn } from '../../bench/replicas/turn.js'
import { root } from '../../bench/root.js'
import { installed } from '../communication/mpirun.js'

const namespaces = () => spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout ?? ''

/** Why no hosts can be made here. */
function withoutHosts(): string | false {
  if (!installed.some(({ name }) => name === 'Open MPI')) return 'no Open MPI: apt-get install openmpi-bin libopenmpi3'
  if (process.getuid?.() !== 0) return 'only root makes network namespaces'
  const probe = `probe-${process.pid}`
  const { status, error } = spawnSync('ip', ['netns', 'add', probe])
  if (error) return 'no ip: apt-get install iproute2'
  if (status !== 0) return 'this system does not let network namespaces be made'
  spawnSync('ip', ['netns', 'del', probe])
  return false
}

test('replicas on hosts of their own sum over the network, and the hosts leave nothing behind', {
  skip: withoutHosts(),
}, () => {
  const before = namespaces()
  {
    using hosts = new Hosts(2, { gigabits: 1 })
    const [first, second] = hosts.names as [string, string]
    assert.deepEqual(hosts.mpirun(['hostname']).trim().split('\n').sort(), [first, second])
    const tiny = '--network inception-resnet-v1 --size 75 --width 0.125 --batch 2 --steps 2 --no-tune'.split(' ')
    const turn = path.join(root, 'dist/bench/replicas/turn.js')
    const printed = JSON.parse(hosts.mpirun([process.execPath, turn, ...tiny])) as Turn
    assert.equal(printed.replicas, 2)
    // Half a million parameters in f32 need 16 ms on such a link, each way.
    assert.ok(printed.exchangeMilliseconds > 10, `${printed.exchangeMilliseconds} ms`)
    assert.ok(printed.stepMilliseconds > 0 && printed.imagesPerSecond > 0)
    assert.throws(() => hosts.mpirun(['false']), /false: /)
  }
  assert.equal(namespaces(), before)
})
