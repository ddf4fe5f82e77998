import { UserError, unknownChoice } from '../base/error.js'
import { formatShape, type Shape, sameShape } from '../base/shape.js'
import { quote } from '../formats/header-json.js'
import { hasClassRows } from '../networks/heads.js'
import { findNetwork } from '../networks/networks.js'
import { families } from './families.js'
import { describeFamily, type Family, isIgnored, type Library } from './family.js'
import type { TensorNames } from './names.js'
import type { TensorFile } from './tensor-file.js'
import { variablesOf } from './variables.js'

/** A file that holds a network, tensor by tensor. */
export interface Match {
  readonly family: Family
  /** Every tensor of the file that is used. */
  readonly tensors: readonly {
    readonly ours: string
    /** In the file. */
    readonly theirs: string
    /** In the file, whose logits may have rows that are no classes. */
    readonly shape: Shape
  }[]
  /** Rows of the logits. */
  readonly rows: number
  readonly auxiliary: boolean
  /** Tensors of the file that hold nothing of the network. */
  readonly ignored: readonly string[]
}

type Contents = Pick<TensorFile, 'path' | 'tensors'>

/**
 * Finds every tensor of a network in a file of public weights, and a use for every tensor of the file.
 *
 * Errors: `UserError` where no public weights of the network are known; where the file is another network's, which it
 * names; and for the first tensor that is missing, left over, or has another shape, with the names on both sides.
 */
export function matchWeights(file: Contents, from: Library | 'auto', network: string): Match {
  findNetwork(network)
  const held = new Held(file)
  held.expectNoOther(network)
  const candidates = familiesOf(from, network)
  const fitting = candidates.filter(family => held.share(family) === 1)
  if (new Set(fitting.map(({ crop }) => `${crop.name} ${crop.fraction}`)).size > 1)
    throw new UserError(
      `${file.path} could be ${fitting.map(describeFamily).join(' or ')}, which evaluate in different ways: say which (--from)`,
      2,
    )
  return held.match(held.closest(candidates))
}

function familiesOf(from: Library | 'auto', network: string): readonly [Family, ...Family[]] {
  const known = families.filter(family => family.network === network)
  const [first, ...others] = known.filter(({ library }) => from === 'auto' || library === from)
  if (first) return [first, ...others]
  if (known.length > 0)
    throw unknownChoice(
      `source of ${network}`,
      from,
      known.map(({ library }) => library),
    )
  const networks = [...new Set(families.map(family => family.network))]
  throw new UserError(`no public weights of ${network} are known: there are some of ${networks.join(', ')}`, 2)
}

/** The tensors of a file by the names that a library gives them. */
class Held {
  readonly #file: Contents
  /** What stands before every name: training on several devices puts 'module.' there. */
  readonly #prefix: string

  constructor(file: Contents) {
    this.#file = file
    const names = [...file.tensors.keys()]
    this.#prefix = names.length > 0 && names.every(name => name.startsWith('module.')) ? 'module.' : ''
  }

  /** From the family's names to the file's own. */
  #names({ renamed = {} }: Family): ReadonlyMap<string, string> {
    return new Map(
      [...this.#file.tensors.keys()].map(name => {
        const bare = name.slice(this.#prefix.length)
        const old = Object.keys(renamed).find(beginning => bare.startsWith(beginning))
        return [old === undefined ? bare : renamed[old]! + bare.slice(old.length), name]
      }),
    )
  }

  /** The share of the family's names that are in the file, its auxiliary head aside. */
  share(family: Family): number {
    const held = this.#names(family)
    const wanted = [...family.names.values()]
    return wanted.filter(name => held.has(name)).length / wanted.length
  }

  closest(candidates: readonly Family[]): Family {
    return candidates.reduce((best, family) => (this.share(family) > this.share(best) ? family : best))
  }

  /** Errors: `UserError` where the file is nearer to another network. */
  expectNoOther(network: string): void {
    const own = Math.max(0, ...families.filter(family => family.network === network).map(family => this.share(family)))
    const best = this.closest(families)
    if (this.share(best) <= own || this.share(best) < 0.5) return
    throw new UserError(
      `${this.#file.path} holds no ${network} but looks like ${describeFamily(best)}: import it with --network ${best.network}`,
      2,
    )
  }

  match(family: Family): Match {
    const held = this.#names(family)
    const heads = [...(family.auxiliary?.values() ?? [])]
    const auxiliary = heads.some(name => held.has(name))
    const names: TensorNames = new Map([...family.names, ...(auxiliary ? family.auxiliary! : [])])
    this.#expectAll(family, names, held)

    const rows = this.#shape(held.get(names.get('logits.bias')!)!)[0] ?? 0
    const shapes = variablesOf(family.network, Math.max(rows, 1), { auxiliary })
    const tensors = [...names].map(([ours, theirs]) => {
      const own = held.get(theirs)!
      const [got, wanted] = [this.#shape(own), shapes.get(ours)!]
      if (!sameShape(got, wanted)) this.#refuse(own, ours, got, wanted)
      return { ours, theirs: own, shape: got }
    })
    const used = new Set(tensors.map(({ theirs }) => theirs))
    const ignored = [...this.#file.tensors.keys()].filter(name => !used.has(name))
    const strange = ignored.find(name => !isIgnored(name))
    if (strange !== undefined)
      throw new UserError(
        `${this.#file.path} has ${quote(strange)}, for which ${describeFamily(family)} has no place: it is of another network or version`,
      )
    return { family, tensors, rows, auxiliary, ignored }
  }

  #shape(name: string): Shape {
    return this.#file.tensors.get(name)!.shape
  }

  #expectAll(family: Family, names: TensorNames, held: ReadonlyMap<string, string>): void {
    const missing = [...names].filter(([, theirs]) => !held.has(theirs))
    const [first] = missing
    if (!first) return
    const others = missing.length > 1 ? ` and ${missing.length - 1} others` : ''
    throw new UserError(
      `${this.#file.path} lacks ${quote(this.#prefix + first[1])} (here ${first[0]})${others} of ${describeFamily(family)}; use a file of that network`,
    )
  }

  #refuse(theirs: string, ours: string, got: Shape, wanted: Shape): never {
    const rows = hasClassRows(ours) ? ', by the rows of its classifier' : ''
    throw new UserError(
      `${this.#file.path}: ${quote(theirs)} is ${formatShape(got)}, and ${ours} here is ${formatShape(wanted)}${rows}; use a file of the published network`,
    )
  }
}
