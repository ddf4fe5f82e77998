import { UserError } from '../../base/error.js'
import { isJsonObject, type Json } from '../../formats/json.js'
import type { Replicas } from './replicas.js'

/** What must be the same on all replicas, by the words that an error names it with. */
export type Facts = Readonly<Record<string, string | number>>

/** Errors: UserError on all replicas, naming the first fact that differs, with both values and whose they are. */
export function expectSame(replicas: Replicas, facts: Facts): void {
  const all = replicas.gather(facts)
  const [ours] = all
  for (const [rank, theirs] of all.entries()) {
    const names = [...new Set([...Object.keys(ours!), ...Object.keys(theirs)])]
    const name = names.find(name => ours![name] !== theirs[name])
    if (name === undefined) continue
    throw new UserError(
      `the replicas were not started alike: ${name} is ${said(ours![name])} on ${replicas.name(0)} and ${said(theirs[name])} on ${replicas.name(rank)}: start all of them with the same program, options and files`,
      2,
    )
  }
}

const said = (value: string | number | undefined): string => (value === undefined ? 'not given' : String(value))

/** Plain data as facts: each of its leaves by its path, `recipe.learningRate`. */
export function factsOf(value: Json | undefined, path = ''): Facts {
  if (isJsonObject(value))
    return Object.assign(
      {},
      ...Object.entries(value).map(([key, part]) => factsOf(part, path ? `${path}.${key}` : key)),
    )
  return value === undefined
    ? {}
    : { [path]: typeof value === 'number' || typeof value === 'string' ? value : JSON.stringify(value) }
}
