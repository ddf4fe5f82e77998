import { UserError } from '../../base/error.js'

/** A number fixed when the job is prepared, or the place of one in the scalars given to each run. */
export type Scalar = number | Slot

export interface Slot {
  readonly slot: number
}

/** The `index`-th of the scalars given to `run`. */
export const slot = (index: number): Slot => ({ slot: index })

/** avg ← avg + (1 − decay)·(w − avg), after w has moved. */
export interface Average {
  readonly avg: number
  readonly decay: Scalar
}

/**
 * One kernel over `n` elements. Tensors are byte offsets into the team's memory; they hold f32 (4-byte aligned) unless
 * said otherwise. Arithmetic is f32 in the order written, so results depend on neither threads nor chunks.
 */
export type Task =
  /**
   * TensorFlow's RMSProp (ε inside the root, learning rate inside the momentum; ms starts at 1 there):
   * g′ = gradScale·(g + weightDecay·w); ms ← ms + (1 − decay)·(g′² − ms);
   * mom ← momentum·mom + lr·g′/√(ms + eps); w ← w − mom.
   */
  | {
      readonly kernel: 'rmsprop'
      readonly w: number
      readonly g: number
      readonly ms: number
      readonly mom: number
      readonly average?: Average | undefined
      readonly n: number
      readonly lr: Scalar
      readonly decay: Scalar
      readonly eps: Scalar
      readonly momentum: Scalar
      readonly weightDecay: Scalar
      readonly gradScale: Scalar
    }
  /** TensorFlow's momentum: mom ← momentum·mom + gradScale·(g + weightDecay·w); w ← w − lr·mom. */
  | {
      readonly kernel: 'momentum'
      readonly w: number
      readonly g: number
      readonly mom: number
      readonly average?: Average | undefined
      readonly n: number
      readonly lr: Scalar
      readonly momentum: Scalar
      readonly weightDecay: Scalar
      readonly gradScale: Scalar
    }
  /** avg ← avg + (1 − decay)·(src − avg). */
  | {
      readonly kernel: 'movingAverage'
      readonly avg: number
      readonly src: number
      readonly n: number
      readonly decay: Scalar
    }
  /** Σ (g + weightDecay·w)², the squares formed and added in f64. `w` is not read when weightDecay is the number 0. */
  | {
      readonly kernel: 'squaredNorm'
      readonly g: number
      readonly w: number
      readonly n: number
      readonly weightDecay: Scalar
    }
  /** `dst` holds bf16 (2-byte aligned): nearest, ties to even; NaN stays NaN. */
  | { readonly kernel: 'toBf16'; readonly dst: number; readonly src: number; readonly n: number }
  /** `src` holds bf16 (2-byte aligned). */
  | { readonly kernel: 'toF32'; readonly dst: number; readonly src: number; readonly n: number }
  | { readonly kernel: 'fill'; readonly dst: number; readonly n: number; readonly value: Scalar }
  /** Random first values, uniform in (−limit, limit) before rounding: see `draw` in `initialise.ts`. */
  | {
      readonly kernel: 'uniform'
      readonly dst: number
      readonly n: number
      readonly key: readonly [number, number]
      readonly limit: number
    }
  /** Random first values, normal, cut off at two deviations: see `draw` in `initialise.ts`. */
  | {
      readonly kernel: 'truncatedNormal'
      readonly dst: number
      readonly n: number
      readonly key: readonly [number, number]
      readonly deviation: number
    }
  /** dst ← src. */
  | { readonly kernel: 'copy'; readonly dst: number; readonly src: number; readonly n: number }
  /** dst ← dst·factor. */
  | { readonly kernel: 'scale'; readonly dst: number; readonly n: number; readonly factor: Scalar }
  /** dst ← dst + src. */
  | { readonly kernel: 'add'; readonly dst: number; readonly src: number; readonly n: number }
  /** dst ← dst + src, where `src` holds bf16 (2-byte aligned). */
  | { readonly kernel: 'addBf16'; readonly dst: number; readonly src: number; readonly n: number }

export interface Operand {
  readonly name: string
  readonly at: number
  readonly elementBytes: 2 | 4
  readonly writes: boolean
}

/** A task as its kernel takes it: operands and scalars in the order of the parameters in `kernels/`. */
export interface Signature {
  readonly id:
    | 'RMSPROP'
    | 'MOMENTUM'
    | 'MOVING_AVERAGE'
    | 'SQUARED_NORM'
    | 'TO_BF16'
    | 'TO_F32'
    | 'FILL'
    | 'UNIFORM'
    | 'TRUNCATED_NORMAL'
    | 'COPY'
    | 'SCALE'
    | 'ADD'
    | 'ADD_BF16'
  /** `undefined` where the kernel shall do without. */
  readonly operands: readonly (Operand | undefined)[]
  readonly scalars: readonly Scalar[]
  readonly sums: boolean
}

const reads = (name: string, at: number, elementBytes: 2 | 4 = 4): Operand => ({
  name,
  at,
  elementBytes,
  writes: false,
})
const writes = (name: string, at: number, elementBytes: 2 | 4 = 4): Operand => ({
  name,
  at,
  elementBytes,
  writes: true,
})
const averaged = (average: Average | undefined): Operand | undefined => average && writes('avg', average.avg)

export function signatureOf(task: Task): Signature {
  const sums = false
  switch (task.kernel) {
    case 'rmsprop': {
      const { w, g, ms, mom, average, lr, decay, eps, momentum, weightDecay, gradScale } = task
      const operands = [writes('w', w), reads('g', g), writes('ms', ms), writes('mom', mom), averaged(average)]
      const scalars = [lr, decay, eps, momentum, weightDecay, gradScale, average?.decay ?? 0]
      return { id: 'RMSPROP', operands, scalars, sums }
    }
    case 'momentum': {
      const { w, g, mom, average, lr, momentum, weightDecay, gradScale } = task
      const operands = [writes('w', w), reads('g', g), writes('mom', mom), averaged(average)]
      return { id: 'MOMENTUM', operands, scalars: [lr, momentum, weightDecay, gradScale, average?.decay ?? 0], sums }
    }
    case 'movingAverage': {
      const operands = [writes('avg', task.avg), reads('src', task.src)]
      return { id: 'MOVING_AVERAGE', operands, scalars: [task.decay], sums }
    }
    case 'squaredNorm': {
      const w = task.weightDecay === 0 ? undefined : reads('w', task.w)
      return { id: 'SQUARED_NORM', operands: [reads('g', task.g), w], scalars: [task.weightDecay], sums: true }
    }
    case 'toBf16':
      return { id: 'TO_BF16', operands: [writes('dst', task.dst, 2), reads('src', task.src)], scalars: [], sums }
    case 'toF32':
      return { id: 'TO_F32', operands: [writes('dst', task.dst), reads('src', task.src, 2)], scalars: [], sums }
    case 'fill':
      return { id: 'FILL', operands: [writes('dst', task.dst)], scalars: [task.value], sums }
    case 'uniform':
      return { id: 'UNIFORM', operands: [writes('dst', task.dst)], scalars: [...task.key, task.limit], sums }
    case 'truncatedNormal': {
      const scalars = [...task.key, task.deviation]
      return { id: 'TRUNCATED_NORMAL', operands: [writes('dst', task.dst)], scalars, sums }
    }
    case 'copy':
      return { id: 'COPY', operands: [writes('dst', task.dst), reads('src', task.src)], scalars: [], sums }
    case 'scale':
      return { id: 'SCALE', operands: [writes('dst', task.dst)], scalars: [task.factor], sums }
    case 'addBf16':
      return { id: 'ADD_BF16', operands: [writes('dst', task.dst), reads('src', task.src, 2)], scalars: [], sums }
    case 'add':
      return { id: 'ADD', operands: [writes('dst', task.dst), reads('src', task.src)], scalars: [], sums }
  }
}

interface Range {
  readonly task: number
  readonly name: string
  readonly start: number
  readonly end: number
  readonly writes: boolean
}

/**
 * Refuses tasks that reach outside memory, are misaligned, or of which one writes what another touches: chunks run in
 * any order on any thread, so such a job would have no one result.
 */
export function checkTasks(tasks: readonly Task[], reserved: number, memoryBytes: number): void {
  const ranges: Range[] = []
  tasks.forEach((task, index) => {
    const where = `SIMD task ${index} (${task.kernel})`
    if (!(Number.isSafeInteger(task.n) && task.n >= 0))
      throw new UserError(`${where}: n is ${task.n}; give a whole number of elements`)
    const { operands, scalars } = signatureOf(task)
    for (const scalar of scalars)
      if (typeof scalar === 'number' ? !Number.isFinite(scalar) : !(Number.isInteger(scalar.slot) && scalar.slot >= 0))
        throw new UserError(
          `${where}: a scalar is ${typeof scalar === 'number' ? scalar : `slot ${scalar.slot}`}; give a finite number or slot(0), slot(1), …`,
        )
    for (const operand of operands) {
      if (operand === undefined || task.n === 0) continue
      const { name, at, elementBytes, writes } = operand
      const end = at + task.n * elementBytes
      if (!Number.isSafeInteger(at) || at % elementBytes !== 0 || at < reserved || end > memoryBytes)
        throw new UserError(
          `${where}: ${name} is at ${at} with ${task.n} elements of ${elementBytes} bytes; give an offset from allocate() with room for them`,
        )
      ranges.push({ task: index, name, start: at, end, writes })
    }
  })
  ranges.sort((a, b) => a.start - b.start)
  let furthest = ranges[0]
  let furthestWrite: Range | undefined
  for (const range of ranges) {
    const clash: Range | undefined = range.writes ? furthest : furthestWrite
    if (clash !== undefined && clash !== range && range.start < clash.end)
      throw new UserError(
        `SIMD tasks ${clash.task} and ${range.task} share memory (${clash.name} and ${range.name}) and one writes it: put them into two jobs`,
      )
    if (furthest === undefined || range.end > furthest.end) furthest = range
    if (range.writes && (furthestWrite === undefined || range.end > furthestWrite.end)) furthestWrite = range
  }
}
