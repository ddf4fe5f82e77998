import { type ChildProcess, fork } from 'node:child_process'
import { UserError } from '../base/error.js'
import type { FromMember } from './crew-member.js'
import { packStart } from './crew-start.js'

const terminalSignals: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGHUP', 'SIGTERM'])

export interface CrewEvents<Reply> {
  /** A process has started, the first or another in the place of one that ended: it has been given nothing yet. */
  readonly ready: (worker: number) => void
  readonly reply: (worker: number, reply: Reply) => void
  /** A process has ended by itself; {@link ProcessCrew.start} puts another in its place. */
  readonly ended: (worker: number, how: string) => void
  /** The crew's work is over: processes cannot be started, or one met an error that is a fault of the program. */
  readonly failure: (error: Error) => void
}

/**
 * Processes that run one program, see `joinCrew`, and are spoken to by messages. Processes and not threads where what
 * they do can crash: a fault in native code ends the process that it happens in and nothing else.
 *
 * Idle ones do not keep this process alive; {@link hold} changes that while an answer is awaited. They end when this
 * process does, however it ends.
 */
export class ProcessCrew<Task, Reply> {
  readonly size: number
  readonly #program: URL
  readonly #data: unknown
  readonly #on: CrewEvents<Reply>
  readonly #members: (ChildProcess | undefined)[]
  readonly #ends = new Set<Promise<void>>()
  #spent = 0
  #holds = 0
  #over = false

  /** @param data what each process is told at its start, beside its number: see `packStart` */
  constructor(program: URL, size: number, data: unknown, on: CrewEvents<Reply>) {
    this.size = size
    this.#program = program
    this.#data = data
    this.#on = on
    this.#members = new Array(size)
    for (let worker = 0; worker < size; worker++) this.start(worker)
  }

  /** Processor time of all processes, in seconds, up to their latest replies. */
  get processorSeconds(): number {
    return this.#spent / 1e6
  }

  /** Starts a process in the place of one that has ended. */
  start(worker: number): void {
    if (this.#over) return
    const { text, files } = packStart({ worker, data: this.#data })
    // Without this process's own options: some, such as --input-type, would keep a process from starting. Its standard
    // error is shut: a crash is told by its consequences, not by what the C library says of it.
    const child = fork(this.#program, [], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', ...files],
    })
    this.#members[worker] = child
    let ready = false
    let spent = 0
    const fail = (why: string) => {
      if (this.#over) return
      this.#over = true
      this.#on.failure(new UserError(why))
    }
    const cannotStart = (why: string) =>
      fail(`processes that decode images cannot be started: ${why}; free memory or processes`)
    child.on('message', (message: FromMember<Reply>) => {
      // What a process said last can come after its end, when its work has been given to another.
      if (this.#over || this.#members[worker] !== child) return
      if ('reply' in message) {
        this.#spent += message.spent - spent
        spent = message.spent
        return this.#on.reply(worker, message.reply)
      }
      if ('fault' in message) return fail(message.fault)
      ready = true
      this.#on.ready(worker)
    })
    child.on('error', error => cannotStart(error.message))
    this.#ends.add(
      new Promise<void>(resolve => {
        child.on('exit', (code, signal) => {
          resolve()
          this.#members[worker] = undefined
          if (this.#over) return
          const how = signal ?? `code ${code}`
          if (ready) this.#on.ended(worker, how)
          // Ctrl-C goes to every process of the terminal, and this one had not yet learned to let it pass.
          else if (signal !== null && terminalSignals.has(signal)) this.start(worker)
          else cannotStart(`one ended at once (${how})`)
        })
        child.on('error', () => resolve())
      }),
    )
    child.send(text, () => {})
    if (this.#holds === 0) release(child)
  }

  post(worker: number, task: Task): void {
    // One that has just ended is told by its exit.
    this.#members[worker]?.send({ task }, () => {})
  }

  /** Ends a process at once. */
  kill(worker: number): void {
    this.#members[worker]?.kill('SIGKILL')
  }

  /** Until as many calls of {@link release} this process does not end by itself. */
  hold(): void {
    if (this.#holds++ === 0) for (const member of this.#members) if (member) keep(member)
  }

  release(): void {
    if (--this.#holds === 0) for (const member of this.#members) if (member) release(member)
  }

  /** Ends all processes at once, and returns when they have ended. */
  async close(): Promise<void> {
    this.#over = true
    this.hold()
    for (let worker = 0; worker < this.size; worker++) this.kill(worker)
    await Promise.all(this.#ends)
  }
}

function keep(member: ChildProcess): void {
  member.ref()
  member.channel?.ref()
}

function release(member: ChildProcess): void {
  member.unref()
  member.channel?.unref()
}
