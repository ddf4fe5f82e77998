import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** What every link between a host and the switch can do. */
export interface Wire {
  readonly gigabits: number
  /** Added to every packet that a host sends. Needs the kernel's netem. @default none */
  readonly delayMicroseconds?: number
}

/**
 * Hosts with names and addresses of their own on this machine: network namespaces, joined by a bridge, each sending at
 * a limited rate. They share the processors, the memory and the files. Needs root and Debian's `iproute2`; Open MPI's
 * launcher starts its daemons in them as it would over SSH.
 *
 * Disposed, they are gone; what still runs in them is ended first.
 */
export class Hosts implements Disposable {
  readonly names: readonly string[]
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'hosts-'))
  readonly #switch: string
  /** What Open MPI calls in SSH's stead. */
  readonly #agent: string

  /** @param wire undefined: as fast as the kernel can pass packets on */
  constructor(count: number, wire: Wire | undefined) {
    // Names of namespaces are the whole machine's: two benchmarks may run at a time.
    const mark = `h${process.pid}`
    this.#switch = `${mark}-switch`
    this.names = Array.from({ length: count }, (_, i) => `${mark}-${i}`)
    try {
      ip('netns', 'add', this.#switch)
      inside(this.#switch, 'ip', 'link', 'add', 'bridge', 'type', 'bridge')
      inside(this.#switch, 'ip', 'link', 'set', 'bridge', 'up')
      for (const [i, name] of this.names.entries()) this.#join(name, i, wire)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
    this.#agent = path.join(this.#folder, 'agent.sh')
    // A name and a folder for temporary files of its own, by which Open MPI tells hosts apart.
    const script = [
      '#!/bin/sh',
      'host=$1; shift',
      `mkdir -p "${this.#folder}/$host"`,
      `exec ip netns exec "$host" unshare --uts sh -c "hostname $host; export TMPDIR=${this.#folder}/$host; $*"`,
    ]
    writeFileSync(this.#agent, `${script.join('\n')}\n`, { mode: 0o755 })
    writeFileSync(path.join(this.#folder, 'hosts'), this.names.map(name => `${name} slots=1\n`).join(''))
  }

  #join(name: string, i: number, wire: Wire | undefined): void {
    const port = `port${i}`
    ip('netns', 'add', name)
    ip('link', 'add', 'eth0', 'netns', name, 'type', 'veth', 'peer', 'name', port, 'netns', this.#switch)
    inside(this.#switch, 'ip', 'link', 'set', port, 'master', 'bridge', 'up')
    inside(name, 'ip', 'address', 'add', `10.77.0.${i + 1}/24`, 'dev', 'eth0')
    for (const device of ['eth0', 'lo']) inside(name, 'ip', 'link', 'set', device, 'up')
    if (wire === undefined) return
    const rate = `${Math.round(wire.gigabits * 1000)}mbit`
    const shaping =
      wire.delayMicroseconds === undefined
        ? // A bucket of a millisecond's worth: less than that the timer cannot serve at 10 Gb/s.
          ['tbf', 'rate', rate, 'burst', `${Math.ceil(wire.gigabits * 125)}kb`, 'latency', '20ms']
        : ['netem', 'rate', rate, 'delay', `${wire.delayMicroseconds}us`, 'limit', '100000']
    inside(name, 'tc', 'qdisc', 'add', 'dev', 'eth0', 'root', ...shaping)
  }

  /** Runs a command with one replica a host and returns what it printed; what goes wrong is thrown with its words. */
  mpirun(command: readonly string[]): string {
    const network = ['btl_tcp_if_include', 'oob_tcp_if_include'].flatMap(name => ['--mca', name, '10.77.0.0/24'])
    const own = ['--hostfile', path.join(this.#folder, 'hosts'), '--mca', 'plm_rsh_agent', this.#agent]
    const transport = ['--mca', 'pml', 'ob1', '--mca', 'btl', 'tcp,self', '--bind-to', 'none']
    const options = ['--allow-run-as-root', ...own, ...network, ...transport, '-n', `${this.names.length}`]
    const [first] = this.names as [string]
    const done = spawnSync(this.#agent, [first, 'mpirun.openmpi', ...options, ...command.map(quoted)], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    if (done.status !== 0) throw new Error(`${command.join(' ')}: ${done.stderr || done.error?.message}`)
    return done.stdout
  }

  [Symbol.dispose](): void {
    for (const name of [...this.names, this.#switch]) {
      const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? ''
      for (const pid of pids.split('\n').filter(Boolean)) {
        try {
          process.kill(Number(pid), 'SIGKILL')
        } catch {
          // Ended by itself in between.
        }
      }
      spawnSync('ip', ['netns', 'del', name])
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`
const ip = (...args: string[]) => need('ip', args)
const inside = (host: string, ...args: string[]) => need('ip', ['netns', 'exec', host, ...args])

function need(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr?.trim() || error?.message}`)
}
