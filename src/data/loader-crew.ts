import { UserError } from '../base/error.js'
import { DecodeJournal } from './decode-journal.js'
import {
  decodesAtOnce,
  type LoaderShare,
  type LoaderTask,
  type LoaderWorkerData,
  type ToWorker,
} from './loader-task.js'
import { ProcessCrew } from './process-crew.js'

export interface LoaderCrewEvents {
  readonly reply: (share: LoaderShare) => void
  /** The work cannot go on. */
  readonly failure: (error: Error) => void
}

/** So many processes may end in a row with no task done and no image found bad meanwhile, else there would be no end. */
const mostEnds = 10
/** So many images may be found bad in a row with no task done meanwhile: beyond that the decoder is to blame. */
const mostCondemned = 100

/** A process as it is seen from here. */
interface Seat {
  ready: boolean
  /** What it was given and has not reported on, by ticket. */
  readonly tasks: Map<number, LoaderTask>
  /** The tickets that it works on with care: those that were given to a process that ended. */
  readonly careful: Set<number>
  /** Images that were under way when that process ended. */
  readonly suspects: Set<number>
  /** The image that took too long, if that is why its process is being ended. */
  late: number | undefined
  restarted: boolean
}

/**
 * A loader's processes. One that crashes, or is at an image for longer than the time limit, is started anew and given again
 * what it had not finished, and it then decodes one image at a time until that is done. So the image that ends it a
 * second time is known, and is bad from then on; the first time may have been the system's own doing, or another
 * image's. Nothing else is lost, and every batch has the bits that it would have if the image were simply bad.
 */
export class LoaderCrew {
  readonly #crew: ProcessCrew<ToWorker, LoaderShare>
  readonly #journal: DecodeJournal
  readonly #on: LoaderCrewEvents
  readonly #secondsAnImage: number
  readonly #seats: readonly Seat[]
  readonly #bad = new Map<number, string>()
  readonly #clock: NodeJS.Timeout
  #endsInARow = 0
  #condemnedInARow = 0

  constructor(program: URL, data: LoaderWorkerData, secondsAnImage: number, on: LoaderCrewEvents) {
    this.#on = on
    this.#secondsAnImage = secondsAnImage
    this.#journal = new DecodeJournal(data.journal.buffer, decodesAtOnce)
    this.#seats = Array.from({ length: data.workers }, () => ({
      ...{ ready: false, restarted: false, late: undefined },
      ...{ tasks: new Map(), careful: new Set(), suspects: new Set() },
    }))
    this.#crew = new ProcessCrew(program, data.workers, data, {
      ready: worker => this.#begin(worker),
      reply: (worker, share) => this.#hear(worker, share),
      ended: (worker, how) => this.#replace(worker, how),
      failure: on.failure,
    })
    this.#clock = setInterval(() => this.#endLate(), Math.min(1000, secondsAnImage * 250)).unref()
  }

  get size(): number {
    return this.#crew.size
  }

  get processorSeconds(): number {
    return this.#crew.processorSeconds
  }

  /** Every process does its share of it, and says so once. */
  postAll(task: LoaderTask): void {
    for (const [worker, { tasks, ready }] of this.#seats.entries()) {
      tasks.set(task.ticket, task)
      if (ready) this.#crew.post(worker, { ...task, careful: false })
    }
  }

  /** A task is done, whatever is not reported yet: nothing of it is to be done again, and nobody waits for reports. */
  forget(ticket: number): void {
    for (const seat of this.#seats) settle(seat, ticket)
  }

  hold(): void {
    this.#crew.hold()
  }

  release(): void {
    this.#crew.release()
  }

  /** Ends the processes at once. */
  async close(): Promise<void> {
    clearInterval(this.#clock)
    await this.#crew.close()
  }

  #begin(worker: number): void {
    const seat = this.#seats[worker]!
    seat.ready = true
    if (seat.tasks.size === 0) seat.suspects.clear()
    if (this.#bad.size > 0) this.#crew.post(worker, { kind: 'bad', images: [...this.#bad] })
    for (const task of seat.tasks.values()) {
      // What is given out for the first time is not suspected of anything.
      if (seat.restarted) seat.careful.add(task.ticket)
      this.#crew.post(worker, { ...task, careful: seat.restarted })
    }
  }

  #hear(worker: number, share: LoaderShare): void {
    this.#endsInARow = 0
    this.#condemnedInARow = 0
    if (settle(this.#seats[worker]!, share.ticket)) this.#on.reply(share)
  }

  #replace(worker: number, how: string): void {
    const seat = this.#seats[worker]!
    const limit = `decoding it takes more than ${this.#secondsAnImage} s`
    const why = seat.late === undefined ? `it crashes the decoder (${how})` : limit
    const images = seat.late === undefined ? this.#journal.underWay(worker).map(({ image }) => image) : [seat.late]
    this.#journal.clear(worker)
    Object.assign(seat, { ready: false, restarted: true, late: undefined })
    const [only] = images
    if (images.length === 1 && only !== undefined && seat.suspects.has(only)) this.#condemn(only, why)
    else for (const image of images) seat.suspects.add(image)
    if (++this.#endsInARow < mostEnds && this.#condemnedInARow < mostCondemned) this.#crew.start(worker)
    else {
      const what = `processes that decode images end again and again (${how})`
      this.#on.failure(new UserError(`${what}: free memory, or look for bad images with inception data verify`))
    }
  }

  #condemn(image: number, reason: string): void {
    this.#bad.set(image, reason)
    this.#endsInARow = 0
    this.#condemnedInARow++
    for (const [worker, { ready }] of this.#seats.entries())
      if (ready) this.#crew.post(worker, { kind: 'bad', images: [[image, reason]] })
  }

  #endLate(): void {
    for (const [worker, seat] of this.#seats.entries()) {
      if (!seat.ready || seat.late !== undefined) continue
      const late = this.#journal.underWay(worker).find(({ seconds }) => seconds > this.#secondsAnImage)
      if (late === undefined) continue
      seat.late = late.image
      this.#crew.kill(worker)
    }
  }
}

/** Returns whether somebody waits for the report. */
function settle({ tasks, careful, suspects }: Seat, ticket: number): boolean {
  // All that the ended process was at is done, so none of it was to blame.
  if (careful.delete(ticket) && careful.size === 0) suspects.clear()
  return tasks.delete(ticket)
}
