import { UserError, unknownChoice } from '../base/error.js'
import { formatShape, type Shape, sameShape } from '../base/shape.js'
import { quote } from '../formats/header-json.js'
import { hasClassRows } from '../networks/heads.js'
import { findNetwork } from '../networks/networks.js'
import { families } from './families.js'
import { describeFamily, type Family, isScale, type Library, layoutOf } from './family.js'
import type { Form, Spelling } from './forms/form.js'
import type { Layout } from './layout.js'
import type { TensorNames } from './names.js'
import type { TensorFile } from './tensor-file.js'
import { outputName, variablesOf } from './variables.js'

/** A file that holds a network, tensor by tensor. */
export interface Match {
  readonly family: Family
  /** Every tensor of the file that is used. */
  readonly tensors: readonly {
    readonly ours: string
    /** In the file. */
    readonly theirs: string
    /** As here, but with the file's rows of the logits, of which some may be no classes. */
    readonly shape: Shape
    readonly layout: Layout
  }[]
  /** Of the output: rows of the logits, or the length of an embedding. */
  readonly rows: number
  readonly auxiliary: boolean
  /** Whether the file's norms have scales. */
  readonly scaled: boolean
  /** What of the file is not used. */
  readonly ignored: readonly Ignored[]
  /** Other networks that the file's names fit as well. */
  readonly alike: readonly string[]
}

/** A tensor of a file that holds nothing of the network, and what such tensors are: "counters of training steps". */
export interface Ignored {
  readonly name: string
  readonly what: string
}

type Contents = Pick<TensorFile, 'path' | 'tensors' | 'others'>

/**
 * Finds every tensor of a network in a file of public weights, and a use for every tensor of the file.
 *
 * Errors: `UserError` where no public weights of the network are known; where the file is another network's, which it
 * names; and for the first tensor that is missing, left over, or has another shape, with the names on both sides.
 */
export function matchWeights(file: Contents, from: Library | 'auto', network: string): Match {
  findNetwork(network)
  const held = new Held(file)
  const known = families.filter(family => isAskedBy(family, network))
  const candidates = known.filter(({ library }) => from === 'auto' || library === from)
  held.expectNoOther(network, candidates)
  const [first, ...others] = candidates
  if (!first) throw noneKnown(known, from, network)
  const fitting = candidates.filter(family => held.share(family) === 1)
  if (new Set(fitting.map(({ crop }) => `${crop.name} ${crop.fraction}`)).size > 1)
    throw new UserError(
      `${file.path} could be ${fitting.map(describeFamily).join(' or ')}, which evaluate in different ways: say which (--from)`,
      2,
    )
  return held.match(held.closest([first, ...others]))
}

/** Whether a family is of the network, or of a form of it. */
const isAskedBy = (family: Family, network: string): boolean =>
  family.network === network || findNetwork(family.network).formOf === network

function noneKnown(known: readonly Family[], from: string, network: string): UserError {
  if (known.length > 0)
    return unknownChoice(`source of ${network}`, from, [...new Set(known.map(({ library }) => library))])
  const networks = [...new Set(families.map(family => family.network))]
  return new UserError(`no public weights of ${network} are known: there are some of ${networks.join(', ')}`, 2)
}

/** The tensors of a file by the names that a library gives them. */
class Held {
  readonly #file: Contents
  readonly #names: readonly string[]
  readonly #likenesses = new Map<Family, number>()

  constructor(file: Contents) {
    this.#file = file
    this.#names = [...file.tensors.keys()]
  }

  /** From the family's names to the file's own. */
  #under({ form, renamed = {} }: Family): ReadonlyMap<string, string> {
    const { plain } = this.#spelling(form)
    const nameOf = (name: string) => {
      const bare = plain(name)
      const old = Object.keys(renamed).find(beginning => bare.startsWith(beginning))
      return old === undefined ? bare : renamed[old]! + bare.slice(old.length)
    }
    const { average } = form
    return new Map([
      ...this.#names.map(name => [nameOf(name), name] as const),
      // Later entries of a map replace earlier ones.
      ...this.#names
        .filter(name => average !== undefined && name.endsWith(average))
        .map(name => [nameOf(name.slice(0, -average!.length)), name] as const),
    ])
  }

  #spelling(form: Form): Spelling {
    return form.spelling?.(this.#names) ?? asTheyAre
  }

  /** The share of the family's names that are in the file, its auxiliary head and scales that it may lack aside. */
  share(family: Family): number {
    const held = this.#under(family)
    const { wanted } = nameSets(family)
    return [...wanted].filter(name => held.has(name)).length / wanted.size
  }

  closest(candidates: readonly Family[]): Family {
    return candidates.reduce((best, family) => (this.#likeness(family) > this.#likeness(best) ? family : best))
  }

  /** The names that file and family share, of those that either has: a network's numbered layers are in a larger one too. */
  #likeness(family: Family): number {
    const known = this.#likenesses.get(family)
    if (known !== undefined) return known
    const { wanted, all } = nameSets(family)
    let shared = 0
    let strange = 0
    for (const name of this.#under(family).keys())
      if (wanted.has(name)) shared++
      else if (!all.has(name) && this.#besides(family, name) === undefined) strange++
    const likeness = shared / (wanted.size + strange)
    this.#likenesses.set(family, likeness)
    return likeness
  }

  /** The families that the file is as near to. */
  #asLikely(likeness: number): Family[] {
    return families.filter(family => this.#likeness(family) === likeness)
  }

  /** Errors: `UserError` where the file is nearer to another family than to these of the network. */
  expectNoOther(network: string, candidates: readonly Family[]): void {
    const best = this.closest(families)
    const likeness = this.#likeness(best)
    if (likeness < 0.5 || candidates.some(family => this.#likeness(family) === likeness)) return
    const alike = this.#asLikely(likeness)
    const asked = alike.filter(family => isAskedBy(family, network))
    const [what, instead] =
      asked.length > 0
        ? [`not the ${network} that was asked for`, asked.map(({ library }) => `--from ${library}`)]
        : [`no ${network}`, alike.map(family => `--network ${family.network}`)]
    throw new UserError(
      `${this.#file.path} holds ${what} but looks like ${describeFamily(best)}: import it with ${[...new Set(instead)].join(' or ')}`,
      2,
    )
  }

  match(family: Family): Match {
    const held = this.#under(family)
    const has = ([, theirs]: readonly [string, string]) => held.has(theirs)
    const auxiliary = [...(family.auxiliary ?? [])].some(has)
    const all = namesIn(family, { auxiliary, scaled: true })
    const scaled = family.scaleless !== true || [...all].some(pair => isScale(pair[0]) && has(pair))
    const names = scaled ? all : namesIn(family, { auxiliary, scaled })
    this.#expectAll(family, names, held)

    const rows = this.#shape(held.get(names.get(outputName(family.network))!)!)[0] ?? 0
    const shapes = variablesOf(family.network, Math.max(rows, 1), { auxiliary, normScale: scaled })
    const tensors = [...names].map(([ours, theirs]) => {
      const own = held.get(theirs)!
      const shape = shapes.get(ours)!
      const layout = layoutOf(family, ours, shape)
      this.#expectShape(own, ours, shape, layout)
      return { ours, theirs: own, shape, layout }
    })
    const ignored = this.#ignored(family, new Set(tensors.map(({ theirs }) => theirs)))
    const alike = new Set(this.#asLikely(this.#likeness(family)).map(({ network }) => network))
    alike.delete(family.network)
    return { family, tensors, rows, auxiliary, scaled, ignored, alike: [...alike] }
  }

  #shape(name: string): Shape {
    return this.#file.tensors.get(name)!.shape
  }

  #ignored(family: Family, used: ReadonlySet<string>): readonly Ignored[] {
    const { form } = family
    const { plain } = this.#spelling(form)
    const unused = this.#names
      .filter(name => !used.has(name))
      .map(name => {
        const averaged = form.average !== undefined && used.has(name + form.average)
        const what = averaged ? 'values whose running averages are used' : this.#besides(family, plain(name))
        if (what !== undefined) return { name, what }
        throw new UserError(
          `${this.#file.path} has ${quote(name)}, for which ${describeFamily(family)} has no place: it is of another network or version`,
        )
      })
    return [...unused, ...(this.#file.others ?? []).map(name => ({ name, what: 'no numbers' }))]
  }

  /** What a tensor of this name is that holds nothing of the network. */
  #besides({ form, besides = {} }: Family, name: string): string | undefined {
    return form.besides(name) ?? besides[Object.keys(besides).find(beginning => name.startsWith(beginning)) ?? '']
  }

  #expectAll(family: Family, names: TensorNames, held: ReadonlyMap<string, string>): void {
    const missing = [...names].filter(([, theirs]) => !held.has(theirs))
    const [first] = missing
    if (!first) return
    const top = [...names.keys()].filter(hasClassRows)
    if (missing.length === top.length && missing.every(([ours]) => hasClassRows(ours)))
      throw new UserError(
        `${this.#file.path} lacks ${missing.map(([, theirs]) => quote(this.#spelling(family.form).own(theirs))).join(' and ')}, the classifier of ${describeFamily(family)}: it is a file without its top; use the whole one`,
      )
    const others = missing.length > 1 ? ` and ${missing.length - 1} others` : ''
    throw new UserError(
      `${this.#file.path} lacks ${quote(this.#spelling(family.form).own(first[1]))} (here ${first[0]})${others} of ${describeFamily(family)}; use a file of that network`,
    )
  }

  #expectShape(theirs: string, ours: string, here: Shape, layout: Layout): void {
    const [got, wanted] = [this.#shape(theirs), layout.there(here)]
    if (sameShape(got, wanted)) return
    const there = sameShape(here, wanted) ? '' : `, which is ${formatShape(wanted)} there`
    const rows = hasClassRows(ours) ? ', by the rows of its classifier' : ''
    throw new UserError(
      `${this.#file.path}: ${quote(theirs)} is ${formatShape(got)}, and ${ours} here is ${formatShape(here)}${there}${rows}; use a file of the published network`,
    )
  }
}

interface NameSets {
  /** What every file of the family has. */
  readonly wanted: ReadonlySet<string>
  readonly all: ReadonlySet<string>
}

const knownSets = new WeakMap<Family, NameSets>()

function nameSets(family: Family): NameSets {
  const known = knownSets.get(family)
  if (known) return known
  const made = {
    wanted: new Set(namesIn(family, { auxiliary: false, scaled: family.scaleless !== true }).values()),
    all: new Set(namesIn(family, { auxiliary: true, scaled: true }).values()),
  }
  knownSets.set(family, made)
  return made
}

const asTheyAre: Spelling = { plain: name => name, own: name => name }

/** The names of a family that a file has: with those of its auxiliary head, and of the scales of norms, or without. */
const namesIn = (
  { names, auxiliary: head = new Map() }: Family,
  { auxiliary, scaled }: { readonly auxiliary: boolean; readonly scaled: boolean },
): TensorNames => new Map([...names, ...(auxiliary ? head : [])].filter(([ours]) => scaled || !isScale(ours)))
