/** What a pickle can hold here: plain data, and what the reader's host makes of the names in it. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleObject

export class PickleTuple {
  readonly items: readonly PickleValue[]

  constructor(items: readonly PickleValue[]) {
    this.items = items
  }
}

export class PickleList {
  readonly items: PickleValue[] = []
}

/** A dict of any kind. Python's 1 and 1.0 are one key, as they are here. */
export class PickleDict {
  readonly entries = new Map<string | number, PickleValue>()
}

/** What stands for a name in the pickle, or is made by calling one. */
export abstract class PickleObject {
  /** For messages: "torch.FloatStorage", "a tensor". */
  abstract readonly title: string
}

/** A name that the pickle may call. */
export class PickleFunction extends PickleObject {
  readonly title: string
  readonly call: (args: readonly PickleValue[]) => PickleValue

  constructor(title: string, call: (args: readonly PickleValue[]) => PickleValue) {
    super()
    this.title = title
    this.call = call
  }
}

/** A value's kind in words, for messages. */
export function kindOf(value: PickleValue): string {
  if (value === null) return 'None'
  if (value instanceof PickleTuple) return 'a tuple'
  if (value instanceof PickleList) return 'a list'
  if (value instanceof PickleDict) return 'a dict'
  if (value instanceof PickleObject) return value.title
  if (typeof value === 'string') return 'a string'
  return typeof value === 'boolean' ? 'a bool' : 'a number'
}
