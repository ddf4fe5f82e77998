import { quote } from '../header-json.js'
import type { ByteCursor } from './byte-cursor.js'
import {
  kindOf,
  PickleDict,
  PickleFunction,
  PickleList,
  type PickleObject,
  PickleTuple,
  type PickleValue,
} from './pickle-value.js'

/**
 * An interpreter of those instructions of Python's pickle (Lib/pickletools.py) that plain data and tensors take. It
 * imports nothing and looks no class up: the names in a pickle mean what its host says, and every other name is an error.
 */

/** What the names and outside references in a pickle mean. */
export interface PickleHost {
  /** The meaning of a global name; undefined where it has none. */
  global(module: string, name: string): PickleObject | undefined
  /** The object that a persistent id refers to. */
  persistent(id: PickleValue): PickleObject
  /** Throws the error to report, given the reason. */
  fail(reason: string): never
}

/** Some fifty a tensor are usual; a network has a few thousand tensors at most. */
const mostInstructions = 1_000_000

/** The longest string, as a name of a tensor would be; and the longest line of an instruction written as text. */
const mostStringBytes = 2 ** 20
const mostLineBytes = 1000

/** Reads one pickle and leaves the cursor behind it. Errors: what `host.fail` throws. */
export const readPickle = (cursor: ByteCursor, host: PickleHost): PickleValue => new Pickle(cursor, host).run()

class Pickle {
  readonly #cursor: ByteCursor
  readonly #host: PickleHost
  readonly #stack: PickleValue[] = []
  /** Heights of the stack at its marks. */
  readonly #marks: number[] = []
  readonly #memo = new Map<number, PickleValue>()

  constructor(cursor: ByteCursor, host: PickleHost) {
    this.#cursor = cursor
    this.#host = host
  }

  run(): PickleValue {
    for (let count = 0; count < mostInstructions; count++) {
      const code = this.#cursor.byte()
      if (code === 0x2e) return this.#result()
      const instruction = instructions[code]
      if (!instruction)
        this.fail(`instruction 0x${code.toString(16)} at byte ${this.#cursor.position - 1} is none that tensors take`)
      instruction(this)
    }
    return this.fail(`it takes more than ${mostInstructions} instructions`)
  }

  #result(): PickleValue {
    const value = this.pop()
    if (this.#stack.length > 0 || this.#marks.length > 0) this.fail('it ends with more than one value')
    return value
  }

  fail(reason: string): never {
    return this.#host.fail(reason)
  }

  push(value: PickleValue): void {
    this.#stack.push(value)
  }

  pop(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) this.fail('an instruction lacks its operand')
    return this.#stack.pop()!
  }

  /** The uppermost value, which stays. */
  top(): PickleValue {
    const value = this.pop()
    this.push(value)
    return value
  }

  mark(): void {
    this.#marks.push(this.#stack.length)
  }

  /** The values above the last mark, which goes with them. */
  popMarked(): PickleValue[] {
    const height = this.#marks.pop() ?? this.fail('an instruction lacks its mark')
    return this.#stack.splice(height)
  }

  /** The last `count` values. */
  popMany(count: number): PickleValue[] {
    const items: PickleValue[] = []
    for (let i = 0; i < count; i++) items.push(this.pop())
    return items.reverse()
  }

  remember(place: number = this.#memo.size): void {
    this.#memo.set(place, this.top())
  }

  recall(place: number): void {
    const value = this.#memo.get(place)
    this.push(value === undefined ? this.fail(`it refers to value ${place}, which it did not store`) : value)
  }

  byte(): number {
    return this.#cursor.byte()
  }

  /** A whole number of `length` bytes, little-endian. */
  whole(length: 1 | 2 | 4): number {
    const bytes = this.#cursor.take(length)
    return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
  }

  /** The number of a long: two's complement, little-endian. */
  long(length: number): number | bigint {
    const bytes = this.#cursor.take(length)
    const value = bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n)
    const signed = BigInt.asIntN(8 * length, value)
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed
  }

  float(): number {
    const bytes = this.#cursor.take(8)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0)
  }

  text(length: number): string {
    if (length > mostStringBytes) this.fail(`it holds a string of ${length} bytes`)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#cursor.take(length))
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      return this.fail('a string is not UTF-8 text')
    }
  }

  line(): string {
    const bytes: number[] = []
    for (let byte = this.byte(); byte !== 0x0a; byte = this.byte()) {
      if (bytes.length === mostLineBytes) this.fail('a line of it has no end')
      bytes.push(byte)
    }
    return String.fromCharCode(...bytes)
  }

  lineNumber(): number | boolean {
    const line = this.line()
    if (line === '00' || line === '01') return line === '01'
    const value = Number(line)
    if (!/^-?\d+$/.test(line) || !Number.isSafeInteger(value)) this.fail(`${quote(line)} is no whole number`)
    return value
  }

  global(module: string, name: string): void {
    const found = this.#host.global(module, name)
    this.push(
      found ?? this.fail(`it holds ${printed(module)}.${printed(name)}, which is neither a tensor nor plain data`),
    )
  }

  /** The name as the two uppermost strings. */
  stackGlobal(): void {
    const [module, name] = this.popMany(2)
    if (typeof module !== 'string' || typeof name !== 'string') this.fail('a name in it is no string')
    this.global(module, name)
  }

  call(): void {
    const args = this.pop()
    const callee = this.pop()
    if (!(args instanceof PickleTuple)) this.fail(`it calls something with ${kindOf(args)}`)
    if (!(callee instanceof PickleFunction)) this.fail(`it calls ${kindOf(callee)}`)
    this.push(callee.call(args.items))
  }

  /** Attributes of a dict, such as a state dict's `_metadata`, hold no tensors: they are passed over. */
  build(): void {
    const state = this.pop()
    if (!(this.top() instanceof PickleDict) || !(state instanceof PickleDict))
      this.fail(`it gives attributes to ${kindOf(this.top())}`)
  }

  persistent(): void {
    this.push(this.#host.persistent(this.pop()))
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top()
    if (!(list instanceof PickleList)) this.fail(`it appends to ${kindOf(list)}`)
    for (const item of items) list.items.push(item)
  }

  set(pairs: readonly PickleValue[]): void {
    const dict = this.top()
    if (!(dict instanceof PickleDict)) this.fail(`it sets items of ${kindOf(dict)}`)
    fill(dict, pairs, this.#host)
  }

  dict(pairs: readonly PickleValue[]): void {
    this.push(fill(new PickleDict(), pairs, this.#host))
  }

  list(items: readonly PickleValue[]): void {
    this.push(new PickleList())
    this.append(items)
  }
}

/** Puts keys and values, in turn, into a dict. A key that is there already is an error: nothing writes one. */
export function fill(dict: PickleDict, pairs: readonly PickleValue[], { fail }: Pick<PickleHost, 'fail'>): PickleDict {
  if (pairs.length % 2 !== 0) fail('a dict in it has a key without a value')
  for (let i = 0; i < pairs.length; i += 2) {
    const key = pairs[i]!
    if (typeof key !== 'string' && typeof key !== 'number') return fail(`a dict in it has ${kindOf(key)} as a key`)
    if (dict.entries.has(key)) fail(`the key ${quote(`${key}`)} is there twice`)
    dict.entries.set(key, pairs[i + 1]!)
  }
  return dict
}

/** A name as a message may hold it. */
const printed = (name: string) => quote(name).slice(1, -1)

type Instruction = (pickle: Pickle) => void

/** By code; the names are those of pickletools. Protocol 2 is PyTorch's own, 3 to 5 can be asked of it. */
const instructions: readonly (Instruction | undefined)[] = (() => {
  const table: Instruction[] = []
  const define = (code: string | number, instruction: Instruction) => {
    table[typeof code === 'string' ? code.charCodeAt(0) : code] = instruction
  }
  define(0x80, p => {
    const protocol = p.byte()
    if (protocol > 5) p.fail(`its pickle has protocol ${protocol}, and 5 is the last that is known`)
  }) // PROTO
  define(0x95, p => p.long(8)) // FRAME: how far the writer's buffer went, of no use here
  define('(', p => p.mark())
  define('0', p => p.pop())

  define('N', p => p.push(null))
  define(0x88, p => p.push(true))
  define(0x89, p => p.push(false))
  define('I', p => p.push(p.lineNumber()))
  define('J', p => p.push(p.whole(4) | 0)) // BININT
  define('K', p => p.push(p.whole(1)))
  define('M', p => p.push(p.whole(2)))
  define(0x8a, p => p.push(p.long(p.whole(1)))) // LONG1
  define('G', p => p.push(p.float()))

  define('X', p => p.push(p.text(p.whole(4)))) // BINUNICODE
  define(0x8c, p => p.push(p.text(p.whole(1))))
  define('T', p => p.push(p.text(p.whole(4)))) // BINSTRING and SHORT_BINSTRING: str of Python 2
  define('U', p => p.push(p.text(p.whole(1))))

  define(')', p => p.push(new PickleTuple([])))
  define('t', p => p.push(new PickleTuple(p.popMarked())))
  define(0x85, p => p.push(new PickleTuple(p.popMany(1))))
  define(0x86, p => p.push(new PickleTuple(p.popMany(2))))
  define(0x87, p => p.push(new PickleTuple(p.popMany(3))))
  define(']', p => p.list([]))
  define('l', p => p.list(p.popMarked()))
  define('a', p => p.append(p.popMany(1)))
  define('e', p => p.append(p.popMarked()))
  define('}', p => p.dict([]))
  define('d', p => p.dict(p.popMarked()))
  define('s', p => p.set(p.popMany(2)))
  define('u', p => p.set(p.popMarked()))

  define('q', p => p.remember(p.whole(1)))
  define('r', p => p.remember(p.whole(4)))
  define(0x94, p => p.remember()) // MEMOIZE
  define('h', p => p.recall(p.whole(1)))
  define('j', p => p.recall(p.whole(4)))

  define('c', p => p.global(p.line(), p.line()))
  define(0x93, p => p.stackGlobal())
  define('R', p => p.call())
  define('b', p => p.build())
  define('Q', p => p.persistent()) // BINPERSID
  return table
})()
