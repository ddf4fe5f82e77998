import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import test from 'node:test'
import { defaultThreads, mostThreads, usableCores } from '../../src/base/threads.js'

/** A system of 16 processors with these files. */
const system = (files: Readonly<Record<string, string>>, processors = 16) => ({
  processors,
  read: (file: string): string | undefined => files[file],
})

const unified = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n'
const v1 = [
  '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
  '32 31 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
  '34 31 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw',
  '',
].join('\n')

test('without control groups, the processors count', () => {
  assert.equal(usableCores(system({})), 16)
  assert.equal(usableCores(system({}, 1)), 1)
  assert.ok(usableCores() >= 1 && usableCores() <= availableParallelism())
})

test('a quota of version 2 counts, a part of a core as one', () => {
  const quota = (text: string) =>
    usableCores(
      system({
        '/proc/self/cgroup': '0::/app\n',
        '/proc/self/mountinfo': unified,
        '/sys/fs/cgroup/app/cpu.max': text,
      }),
    )
  assert.equal(quota('200000 100000\n'), 2)
  assert.equal(quota('150000 100000\n'), 2)
  assert.equal(quota('10000 100000\n'), 1)
  assert.equal(quota('3200000 100000\n'), 16)
  assert.equal(quota('max 100000\n'), 16)
  assert.equal(quota(''), 16)
  assert.equal(quota('nonsense'), 16)
})

test('the smallest quota of a group and its ancestors counts', () => {
  const files = {
    '/proc/self/cgroup': '0::/kubepods/pod1/app\n',
    '/proc/self/mountinfo': unified,
    '/sys/fs/cgroup/kubepods/pod1/app/cpu.max': 'max 100000\n',
    '/sys/fs/cgroup/kubepods/pod1/cpu.max': '300000 100000\n',
    '/sys/fs/cgroup/kubepods/cpu.max': '800000 100000\n',
    // Another group's, and a name that only begins alike.
    '/sys/fs/cgroup/kubepods/pod2/cpu.max': '100000 100000\n',
    '/sys/fs/cgroup/kube/cpu.max': '100000 100000\n',
  }
  assert.equal(usableCores(system(files)), 3)
})

test('quotas of version 1 count, beside a version 2 that has none', () => {
  const files = {
    '/proc/self/cgroup': '5:memory:/docker/ab\n4:cpu,cpuacct:/docker/ab\n1:name=systemd:/x:y\n0::/elsewhere\n',
    '/proc/self/mountinfo': v1,
    '/sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_quota_us': '-1\n',
    '/sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_period_us': '100000\n',
    '/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us': '20000\n',
    '/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us': '5000\n',
    '/sys/fs/cgroup/memory/docker/ab/cpu.cfs_quota_us': '1000\n',
    '/sys/fs/cgroup/memory/docker/ab/cpu.cfs_period_us': '1000\n',
  }
  assert.equal(usableCores(system(files)), 4)
})

test('a container sees its own group at the mount point', () => {
  const cpuMax = { '/sys/fs/cgroup/cpu.max': '200000 100000\n', '/sys/fs/cgroup/cd/cpu.max': '100000 100000\n' }
  const inside = '30 23 0:26 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n'
  for (const [group, mountinfo] of [
    ['0::/docker/ab\n', inside],
    ['0::/\n', unified],
    ['0::/../cd\n', unified],
    ['0::/docker/cd\n', inside],
  ])
    assert.equal(
      usableCores(system({ '/proc/self/cgroup': group!, '/proc/self/mountinfo': mountinfo!, ...cpuMax })),
      2,
      group,
    )
})

test('a mount point with a blank in its name is found', () => {
  const files = {
    '/proc/self/cgroup': '0::/\n',
    '/proc/self/mountinfo': '30 23 0:26 / /mnt/my\\040groups rw - cgroup2 cgroup2 rw\n',
    '/mnt/my groups/cpu.max': '100000 100000\n',
  }
  assert.equal(usableCores(system(files)), 1)
})

test('OMP_NUM_THREADS is respected where it is a number, else the cores count', () => {
  const threads = (OMP_NUM_THREADS: string | undefined) =>
    defaultThreads({ ...(OMP_NUM_THREADS !== undefined && { OMP_NUM_THREADS }) }, system({}))
  assert.equal(threads('3'), 3)
  assert.equal(threads('20'), 20)
  assert.equal(threads(' 4,2'), 4)
  for (const nonsense of [undefined, '', '0', '-1', '1.5', 'many']) assert.equal(threads(nonsense), 16)
  assert.equal(defaultThreads({}, system({}, 1000)), mostThreads)
})
