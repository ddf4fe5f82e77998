// How threads share a job. The control block lies at a fixed place in shared memory:
//   STATE   epoch << 32 | next row. A thread claims a row by compare-and-swap of both, so a thread that wakes late, in
//           the next job's time, can never claim a row under the old job's table.
//   COUNT, TABLE   the open job. They change only while STATE is CLOSED and no claimed row is unfinished.
//   DONE    rows finished; the thread that finishes the last one raises FINISH.
//   WAKE    raised when a job opens or the team stops; workers wait on it.
//   FINISH  raised when a job is done or a thread has failed; the calling thread waits on it.
// Words written by different threads lie on different cache lines.
import { addBf16, toBf16, toF32 } from './convert'
import { truncatedNormal, uniform } from './draw'
import { add, copy, fill, scale } from './elementwise'
import { squaredNorm } from './norm'
import { kernelOf, ROW_WORDS } from './row'
import { momentum, movingAverage, rmsprop } from './updates'

export { FIRST, OPERANDS, ROW_WORDS, SCALARS, SUM } from './row'

/** Bytes at the start of memory that belong to the control block. */
export const RESERVED: u32 = 512

const STATE: usize = 0
const COUNT: usize = 64
const TABLE: usize = 68
const DONE: usize = 128
const WAKE: usize = 192
const FINISH: usize = 256
const FAILED: usize = 320
const STOPPED: usize = 324

const CLOSED: u64 = 0xffff_ffff

export const RMSPROP: u32 = 0
export const MOMENTUM: u32 = 1
export const MOVING_AVERAGE: u32 = 2
export const SQUARED_NORM: u32 = 3
export const TO_BF16: u32 = 4
export const TO_F32: u32 = 5
export const FILL: u32 = 6
export const SCALE: u32 = 7
export const ADD: u32 = 8
export const UNIFORM: u32 = 9
export const TRUNCATED_NORMAL: u32 = 10
export const COPY: u32 = 11
export const ADD_BF16: u32 = 12

function perform(row: usize): void {
  switch (kernelOf(row)) {
    case RMSPROP: return rmsprop(row)
    case MOMENTUM: return momentum(row)
    case MOVING_AVERAGE: return movingAverage(row)
    case SQUARED_NORM: return squaredNorm(row)
    case TO_BF16: return toBf16(row)
    case TO_F32: return toF32(row)
    case FILL: return fill(row)
    case SCALE: return scale(row)
    case ADD: return add(row)
    case UNIFORM: return uniform(row)
    case TRUNCATED_NORMAL: return truncatedNormal(row)
    case COPY: return copy(row)
    case ADD_BF16: return addBf16(row)
    default: unreachable()
  }
}

/** Opens the job of `count` rows at `table` and wakes up to `helpers` workers. */
export function begin(table: u32, count: u32, helpers: i32): void {
  const epoch = ((atomic.load<u64>(STATE) >> 32) + 1) << 32
  atomic.store<u64>(STATE, epoch | CLOSED)
  atomic.store<u32>(TABLE, table)
  atomic.store<u32>(COUNT, count)
  atomic.store<u32>(DONE, 0)
  atomic.store<u64>(STATE, epoch)
  if (helpers > 0) {
    atomic.add<i32>(WAKE, 1)
    atomic.notify(WAKE, helpers)
  }
}

/** Claims and performs rows of the open job until none is left. */
export function work(): void {
  for (;;) {
    const state = atomic.load<u64>(STATE)
    const count = atomic.load<u32>(COUNT)
    const table = <usize>atomic.load<u32>(TABLE)
    const next = <u32>state
    if (next >= count) return
    if (atomic.cmpxchg<u64>(STATE, state, state + 1) != state) continue
    perform(table + ((<usize>next * ROW_WORDS) << 2))
    if (atomic.add<u32>(DONE, 1) + 1 == count) raiseFinish()
  }
}

function raiseFinish(): void {
  atomic.add<i32>(FINISH, 1)
  atomic.notify(FINISH, 1)
}

export const FINISHED: i32 = 0
export const UNFINISHED: i32 = 1
export const BROKEN: i32 = 2

/** Waits until the open job is finished or a thread has failed, at most `milliseconds` after the last sign of either. */
export function wait(milliseconds: i32): i32 {
  let result: i32 = AtomicWaitResult.OK
  do {
    const seen = atomic.load<i32>(FINISH)
    if (atomic.load<i32>(FAILED)) return BROKEN
    if (atomic.load<u32>(DONE) == atomic.load<u32>(COUNT)) return FINISHED
    result = atomic.wait<i32>(FINISH, seen, <i64>milliseconds * 1_000_000)
  } while (result != AtomicWaitResult.TIMED_OUT)
  return UNFINISHED
}

/** Rows of the open job that are finished. */
export function finished(): u32 {
  return atomic.load<u32>(DONE)
}

/** A worker's life: perform jobs until the team stops. */
export function serve(): void {
  for (;;) {
    const seen = atomic.load<i32>(WAKE)
    if (atomic.load<i32>(STOPPED)) return
    work()
    atomic.wait<i32>(WAKE, seen, -1)
  }
}

/** Says that this thread has failed: no more rows are claimed, and whoever waits learns of it. */
export function fail(): void {
  atomic.store<i32>(FAILED, 1)
  stop()
  raiseFinish()
}

/** Whether a thread has failed since the team started. */
export function failed(): bool {
  return atomic.load<i32>(FAILED) != 0
}

/** Sends the workers home. */
export function stop(): void {
  atomic.or<u64>(STATE, CLOSED)
  atomic.store<i32>(STOPPED, 1)
  atomic.add<i32>(WAKE, 1)
  atomic.notify(WAKE, -1)
}
