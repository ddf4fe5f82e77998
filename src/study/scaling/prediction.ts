/** A bucket of gradients, exchanged as soon as its last gradient is there. */
export interface Bucket {
  /** Seconds since the step began. */
  readonly readyAt: number
  readonly bytes: number
}

/** A training step of one replica that waits for nobody, as it was measured. */
export interface MeasuredStep {
  /** Seconds of several such steps, the shortest first. */
  readonly seconds: readonly number[]
  /** When the update begins, which needs all sums. Seconds since the step began. */
  readonly neededAt: number
  /** In the order in which they are sent. */
  readonly buckets: readonly Bucket[]
}

/** What joins the replicas: each has one such link to a switch that is never the narrowest part. */
export interface Link {
  readonly bitsPerSecond: number
  /** Of a message of no length, from program to program. */
  readonly latencySeconds: number
}

export interface Scaling {
  readonly replicas: number
  readonly stepSeconds: number
  /** What all buckets take on the link. */
  readonly exchangeSeconds: number
  /** How much of that the step waits for; the rest is hidden behind the backward pass. */
  readonly exposedSeconds: number
  /** How much longer the slowest replica's step takes than a replica's on average, which all wait for. */
  readonly spreadSeconds: number
  /** Images a second of one replica among the others, as a share of one alone. */
  readonly efficiency: number
}

/**
 * Predicts the step of many replicas by going through the exchange of one: a bucket is sent when it is ready and the one
 * before is through. An all-reduce moves 2·(N − 1)/N of its bytes over every link, which no algorithm undercuts, in
 * 2·(N − 1) rounds, as the ring does that MPI's libraries use for long messages (Patarasuk and Yuan, 2009). Moving and
 * adding takes the processor `processorSeconds` a byte, away from the computation.
 *
 * Left out: what the switch adds where many talk at once, and machines that are not alike.
 */
export function predictScaling(step: MeasuredStep, link: Link, processorSeconds: number, replicas: number): Scaling {
  const alone = step.seconds.reduce((sum, seconds) => sum + seconds / step.seconds.length, 0)
  const share = (2 * (replicas - 1)) / replicas
  const rounds = 2 * (replicas - 1)
  const bytes = step.buckets.reduce((sum, bucket) => sum + bucket.bytes, 0)
  const moving = share * bytes * processorSeconds
  // What moves the bytes runs between the kernels, so that everything comes later by that.
  const slowed = (alone + moving) / alone
  let through = 0
  let exchangeSeconds = 0
  for (const bucket of step.buckets) {
    const seconds = (share * bucket.bytes * 8) / link.bitsPerSecond + rounds * link.latencySeconds
    exchangeSeconds += seconds
    through = Math.max(through, bucket.readyAt * slowed) + seconds
  }
  const exposedSeconds = Math.max(0, through - step.neededAt * slowed)
  const spreadSeconds = expectedLongest(step.seconds, replicas) - alone
  const stepSeconds = alone + moving + exposedSeconds + spreadSeconds
  return {
    replicas,
    stepSeconds,
    exchangeSeconds,
    exposedSeconds,
    spreadSeconds,
    efficiency: alone / stepSeconds,
  }
}

/**
 * The longest of n steps as expected, each of them as likely one of the measured as another. Rarer delays than were
 * measured are not in it.
 *
 * @param sorted the shortest first
 */
export function expectedLongest(sorted: readonly number[], n: number): number {
  const upTo = (i: number) => (i / sorted.length) ** n
  return sorted.reduce((sum, seconds, i) => sum + seconds * (upTo(i + 1) - upTo(i)), 0)
}
