/**
 * What happens in a run, as it is told to the terminal, the log and the dashboard. Errors (top-1, top-5) and shares are
 * fractions of 1, durations are in seconds, steps count updates of the weights from 1.
 */
export type TrainingEvent =
  | StartEvent
  | PhaseEvent
  | StepEvent
  | EvaluationEvent
  | CheckpointEvent
  | WatchEvent
  | DiedEvent
  | DivergedEvent
  | WarningEvent
  | BadImageEvent
  | DoneEvent
  | InterruptedEvent

/** The run begins, or goes on from the checkpoint of `firstStep`. */
export interface StartEvent {
  readonly type: 'start'
  readonly network: string
  readonly classes: number
  readonly parameters: number
  /** Images a step. */
  readonly batch: number
  readonly epochs: number
  /** Steps of the whole run. */
  readonly steps: number
  /** Training images. */
  readonly images: number
  /** Steps done before: 0 for a new run. */
  readonly firstStep: number
  /** What the training step takes as planned: its arena, its variables and their gradients; of each replica. */
  readonly memoryBytes: number
  /** How many train together. @default 1 */
  readonly replicas?: number
  /** What carries their messages: 'Open MPI 4.1.4'. */
  readonly carrier?: string
}

/** A part of a fine-tuning begins after `step` steps: which share of the parameters the steps from there on train. */
export interface PhaseEvent {
  readonly type: 'phase'
  readonly step: number
  readonly parameters: number
  readonly trained: number
  /** As of the start. */
  readonly memoryBytes: number
}

export interface StepEvent {
  readonly type: 'step'
  readonly step: number
  /** Epochs done, with its fraction. */
  readonly epoch: number
  readonly loss: number
  readonly learningRate: number
  readonly gradientNorm: number
  readonly imagesPerSecond: number
  /** The part of the time that the step waited for images. */
  readonly waitShare: number
  /** The part of the time that went into communication, waiting for other replicas included. @default a replica by itself */
  readonly communicationShare?: number
  readonly secondsLeft: number
}

export interface EvaluationEvent {
  readonly type: 'evaluation'
  readonly epoch: number
  readonly step: number
  /** What was evaluated: 'validation', 'training' … */
  readonly set: string
  readonly top1Error: number
  readonly top5Error: number
  readonly loss: number
  readonly seconds: number
  /** Images the figures are over. */
  readonly images: number
  /** Images left out because they could not be read. */
  readonly badImages: number
}

/** A look at the network in training. Shares are of activations, magnitudes are root mean squares. */
export interface WatchEvent {
  readonly type: 'watch'
  readonly step: number
  /** The last layer before pooling, which the next two are of. */
  readonly layer: string
  readonly zeroShare: number
  readonly magnitude: number
  /** The largest of the blocks'. */
  readonly residualRatio: number
  readonly blocks: readonly BlockSight[]
}

export interface BlockSight {
  readonly name: string
  readonly zeroShare: number
  readonly magnitude: number
  /** Magnitude of the scaled residual over that of what it is added to; 0 where nothing is added. */
  readonly residualRatio: number
  /** Of the block's parameters together. */
  readonly gradientNorm: number
}

/** The network died: `layer`, the last before pooling, gives nothing but zeros. The run ends. */
export interface DiedEvent {
  readonly type: 'died'
  readonly step: number
  readonly layer: string
  /** The last checkpoint. */
  readonly file: string
}

/** The loss or its gradient is not finite any more. The run fails with this message. */
export interface DivergedEvent {
  readonly type: 'diverged'
  readonly step: number
  readonly message: string
}

/** A checkpoint is on the disk, whole. */
export interface CheckpointEvent {
  readonly type: 'checkpoint'
  readonly step: number
  readonly file: string
}

export interface WarningEvent {
  readonly type: 'warning'
  readonly message: string
}

/** An image could not be decoded, and is left out. Told once a run. */
export interface BadImageEvent {
  readonly type: 'bad image'
  readonly path: string
  readonly reason: string
}

export interface DoneEvent {
  readonly type: 'done'
  readonly step: number
  readonly epoch: number
  /** Of training since the run began or went on, evaluations left out. */
  readonly seconds: number
  /** The part of that time in which the engine waited for images. @default not known */
  readonly waitShare?: number
  /** The last checkpoint. */
  readonly file: string
}

/** The user stopped the run; `resumeCommand` continues it. */
export interface InterruptedEvent {
  readonly type: 'interrupted'
  readonly step: number
  readonly resumeCommand: string
}

/** Somewhere events go. The trainer awaits each write, so events arrive in order, one at a time. */
export interface Sink {
  write(event: TrainingEvent): void | Promise<void>
  close(): Promise<void>
}

type EventOf<T extends TrainingEvent['type']> = Extract<TrainingEvent, { type: T }>
type KindOf<V> = V extends number ? 'number' : V extends string ? 'string' : 'blocks'

/** A question mark stands where a field may be left out. */
type FieldTypes = {
  [T in TrainingEvent['type']]: {
    [F in Exclude<keyof EventOf<T>, 'type'>]-?: undefined extends EventOf<T>[F]
      ? `${KindOf<NonNullable<EventOf<T>[F]>>}?`
      : KindOf<EventOf<T>[F]>
  }
}

/** The fields of each event and their types, from which a line of a log is checked. */
const fieldTypes: FieldTypes = {
  start: {
    network: 'string',
    classes: 'number',
    parameters: 'number',
    batch: 'number',
    epochs: 'number',
    steps: 'number',
    images: 'number',
    firstStep: 'number',
    memoryBytes: 'number',
    replicas: 'number?',
    carrier: 'string?',
  },
  phase: { step: 'number', parameters: 'number', trained: 'number', memoryBytes: 'number' },
  step: {
    step: 'number',
    epoch: 'number',
    loss: 'number',
    learningRate: 'number',
    gradientNorm: 'number',
    imagesPerSecond: 'number',
    waitShare: 'number',
    communicationShare: 'number?',
    secondsLeft: 'number',
  },
  evaluation: {
    epoch: 'number',
    step: 'number',
    set: 'string',
    top1Error: 'number',
    top5Error: 'number',
    loss: 'number',
    seconds: 'number',
    images: 'number',
    badImages: 'number',
  },
  checkpoint: { step: 'number', file: 'string' },
  watch: {
    step: 'number',
    layer: 'string',
    zeroShare: 'number',
    magnitude: 'number',
    residualRatio: 'number',
    blocks: 'blocks',
  },
  died: { step: 'number', layer: 'string', file: 'string' },
  diverged: { step: 'number', message: 'string' },
  warning: { message: 'string' },
  'bad image': { path: 'string', reason: 'string' },
  done: { step: 'number', epoch: 'number', seconds: 'number', waitShare: 'number?', file: 'string' },
  interrupted: { step: 'number', resumeCommand: 'string' },
}

/** An event and when it happened, in seconds since 1970. */
export type LoggedEvent = TrainingEvent & { readonly time: number }

/**
 * The event as one line of JSON without its line feed. JSON has no NaN and no infinities, so they are written as the
 * strings "NaN", "Infinity" and "-Infinity", as protocol buffers do in JSON.
 */
export function encodeEventLine(event: TrainingEvent, time: number): string {
  return JSON.stringify({ time, ...event }, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )
}

/** The event that a line of a log holds; undefined when the line is damaged or holds something else. */
export function decodeEventLine(line: string): LoggedEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const found = new Map<string, unknown>(Object.entries(value))
  const type = found.get('type')
  if (typeof type !== 'string' || !Object.hasOwn(fieldTypes, type)) return undefined
  const fields: Readonly<Record<string, string>> = fieldTypes[type as TrainingEvent['type']]
  const event: Record<string, unknown> = { type }
  for (const [field, kind] of [['time', 'number'], ...Object.entries(fields)] as const) {
    const mayLack = kind.endsWith('?')
    if (mayLack && !found.has(field)) continue
    const decoded = decoders[(mayLack ? kind.slice(0, -1) : kind) as Kind](found.get(field))
    if (decoded === undefined) return undefined
    event[field] = decoded
  }
  return event as unknown as LoggedEvent
}

type Kind = KindOf<unknown> | 'number' | 'string'

/** The value that JSON holds as that kind of field; undefined when it is none. */
const decoders: Readonly<Record<Kind, (raw: unknown) => unknown>> = {
  number: decodeNumber,
  string: raw => (typeof raw === 'string' ? raw : undefined),
  blocks: raw => {
    const blocks = Array.isArray(raw) ? raw.map(decodeBlock) : [undefined]
    return blocks.includes(undefined) ? undefined : blocks
  },
}

function decodeNumber(raw: unknown): number | undefined {
  const value = typeof raw === 'string' ? nonFinite.get(raw) : raw
  return typeof value === 'number' ? value : undefined
}

function decodeBlock(raw: unknown): BlockSight | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined
  const { name, ...numbers } = raw as Record<string, unknown>
  const [zeroShare, magnitude, residualRatio, gradientNorm] = [
    numbers.zeroShare,
    numbers.magnitude,
    numbers.residualRatio,
    numbers.gradientNorm,
  ].map(decodeNumber)
  if (typeof name !== 'string' || zeroShare === undefined || magnitude === undefined) return undefined
  if (residualRatio === undefined || gradientNorm === undefined) return undefined
  return { name, zeroShare, magnitude, residualRatio, gradientNorm }
}

const nonFinite = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])
