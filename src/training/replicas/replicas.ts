import { Interruption, interruptionIn, UserError } from '../../base/error.js'
import { type Communicator, ReplicaLost } from '../../communication/communicator.js'

/** How a message between replicas begins: with what was asked for, or with why its sender cannot give it. */
const [given, failed] = [0, 1]

/** Why a replica stops, as the others are told. */
interface Failure {
  readonly message: string
  readonly exitCode: 1 | 2
  readonly interrupted: boolean
}

/**
 * The processes that train or evaluate together. All of them call these methods in the same order. Every message is at
 * the same time a question whether all go on: where one has failed, whatever the others wait for, they throw its error
 * instead. So an error on one ends all with one message, and none waits for one that is no more.
 *
 * A process by itself is a replica too, the first of one; then nothing is sent.
 */
export class Replicas {
  readonly rank: number
  readonly size: number
  /** What carries the messages, and within a step the sums; undefined for a replica by itself. */
  readonly communicator: Communicator | undefined
  /** Whether one error was thrown on all: then they end, and none listens any more. */
  #ended = false
  /** Interruptions that were thrown on all. What they end may be a part of the work, such as an evaluation. */
  readonly #interruptions = new WeakSet<Error>()

  constructor(communicator?: Communicator) {
    this.communicator = communicator
    this.rank = communicator?.rank ?? 0
    this.size = communicator?.size ?? 1
  }

  /** Whether this is the one that writes and tells. */
  get isFirst(): boolean {
    return this.rank === 0
  }

  get #hosts(): readonly string[] {
    return this.communicator?.hosts ?? ['this host']
  }

  /** The name of a replica's host. */
  host(rank: number): string {
    return this.#hosts[rank]!
  }

  /** How many run on this one's host. */
  get onThisHost(): number {
    return this.#hosts.filter(host => host === this.host(this.rank)).length
  }

  /** Seconds spent so far within steps on the sums of all replicas: handing them on, and waiting for them. */
  get summingSeconds(): number {
    const { waited, advanced } = this.communicator?.traffic ?? { waited: 0, advanced: 0 }
    return waited + advanced
  }

  /** 'replica 3 (node-7)' */
  name(rank: number): string {
    return `replica ${rank} (${this.host(rank)})`
  }

  /**
   * Says that this replica has done a piece of work, so that others go on waiting for it; to be called where work between
   * messages may take long. May be handed on as a callback.
   */
  readonly worked = (): void => this.communicator?.worked()

  /** As {@link worked}, where the work may be left. Errors: that of a replica that has failed meanwhile, on all. */
  readonly goOn = (): void => {
    this.worked()
    // Whatever the others wait for, they wait in a message.
    if (this.communicator?.summoned) this.gather(true)
  }

  /** What each replica has, by rank; plain data. Errors: that of a replica that has failed, on all. */
  gather<T>(own: T): readonly T[] {
    if (this.communicator === undefined) return [own]
    const texts = this.gatherBytes(Buffer.from(JSON.stringify(own ?? null)))
    return texts.map(text => JSON.parse(textOf(text)) as T)
  }

  /** As {@link gather}, of bytes. */
  gatherBytes(own: Uint8Array): readonly Uint8Array[] {
    if (this.communicator === undefined) return [own]
    const messages = this.#exchange(given, own)
    if (messages.some(([kind]) => kind === failed)) throw this.#agreedError(messages)
    return messages.map(message => message.subarray(1))
  }

  /** Has the first do something, and gives all what it gave: plain data. Errors: its own, on all. */
  async fromFirst<T>(work: () => T | Promise<T>): Promise<T> {
    const own = this.isFirst ? await work() : undefined
    const [theirs] = this.gather(own)
    return (this.isFirst ? own : theirs) as T
  }

  /**
   * Does what leaves its findings on the machine, such as measured times of kernels: the first replica of each host
   * before the others, so that these find what it left instead of measuring beside it, and choose alike. Errors: that of
   * a replica whose work has failed, on all; so none goes on to sums that it would wait for in vain.
   */
  inTurn<T>(work: () => T): T {
    const leads = this.#hosts.indexOf(this.host(this.rank)) === this.rank
    const first = leads ? [work()] : []
    this.gather(true)
    const [found] = leads ? first : [work()]
    this.gather(true)
    return found as T
  }

  /**
   * Tells the others of an error of this one; what they wait for ends with it. Gives the error that all end with. Once
   * they end with one, nothing is told any more. What is no word to the user, a fault of the program for example, is not
   * told either, and given back as it is; so is that there is nobody to tell.
   */
  fail(error: unknown): unknown {
    if (this.communicator === undefined || this.#ended || !(error instanceof Error)) return error
    if (this.#interruptions.has(error)) return error
    const interrupted = error.name === 'AbortError'
    if (error instanceof ReplicaLost || !(interrupted || error instanceof UserError)) return error
    const failure: Failure = {
      message: interrupted ? interruptionIn(error) : error.message,
      exitCode: error instanceof UserError ? error.exitCode : 1,
      interrupted,
    }
    // Those that work would come to it only when they are done.
    this.communicator.summon()
    return this.#agreedError(this.#exchange(failed, Buffer.from(JSON.stringify(failure))))
  }

  #exchange(kind: number, body: Uint8Array): readonly Uint8Array[] {
    const message = new Uint8Array(1 + body.length)
    message[0] = kind
    message.set(body, 1)
    return this.communicator!.allGather(message)
  }

  /** An error goes before an interruption, and the one of the lowest rank before others. */
  #agreedError(messages: readonly Uint8Array[]): Error {
    const failures = messages.flatMap((message, rank) =>
      message[0] === failed ? [{ rank, ...(JSON.parse(textOf(message.subarray(1))) as Failure) }] : [],
    )
    const first = failures.find(({ interrupted }) => !interrupted) ?? failures[0]!
    const isOfAll = failures.length === this.size && failures.every(({ message }) => message === first.message)
    const error = first.interrupted
      ? new Interruption(first.message)
      : new UserError(isOfAll ? first.message : `${this.name(first.rank)}: ${first.message}`, first.exitCode)
    if (first.interrupted) this.#interruptions.add(error)
    else this.#ended = true
    return error
  }
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
