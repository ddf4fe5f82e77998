import { unpackStart } from './crew-start.js'

/** What a process of a crew says. */
export type FromMember<Reply> =
  | { readonly ready: true }
  /** With the processor time that the process has taken so far, in microseconds. */
  | { readonly reply: Reply; readonly spent: number }
  | { readonly fault: string }

/** What it hears after its start. */
interface ToMember<Task> {
  readonly task: Task
}

/** A process of a crew as its program sees it. */
export interface Member<Data, Task> {
  readonly worker: number
  readonly data: Data
  /** To be called once, when the program is ready for tasks. */
  readonly serve: (hear: (task: Task) => void) => void
}

export function reply<Reply>(reply: Reply): void {
  const { user, system } = process.cpuUsage()
  process.send?.({ reply, spent: user + system } satisfies FromMember<Reply>, undefined, undefined, () => {})
}

/** Makes this process a member of the crew that started it; see `ProcessCrew`. */
export async function joinCrew<Data, Task>(): Promise<Member<Data, Task>> {
  // Ctrl-C goes to every process of the terminal; whoever started this one decides when it ends.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {})
  // At once: an orderly exit would wait for a decoder that never comes to an end.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  process.on('uncaughtException', error => {
    process.send?.({ fault: error.message.split('\n')[0]! } satisfies FromMember<never>)
  })
  const text = await new Promise<string>(resolve => process.once('message', resolve))
  const { worker, data } = unpackStart(text) as { worker: number; data: Data }
  return {
    worker,
    data,
    serve(hear) {
      process.on('message', ({ task }: ToMember<Task>) => hear(task))
      process.send?.({ ready: true } satisfies FromMember<never>)
    },
  }
}
