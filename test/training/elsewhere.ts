import { spawnSync } from 'node:child_process'

/** A command that runs another one as if on another machine: with another host name, and processes of its own. */
export const elsewhere = (host: string): readonly string[] => [
  ...['unshare', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'],
  ...['sh', '-c', 'echo "$0" > /proc/sys/kernel/hostname && exec "$@"', host],
]

const [program, ...args] = elsewhere('node-0')

/** Why tests of other machines are skipped, for the `skip` of a test; false where they can run. */
export const noElsewhere: string | false =
  spawnSync(program!, [...args, 'true']).status === 0 ? false : 'namespaces of Linux can be made by root only'
