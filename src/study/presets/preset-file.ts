import { UserError, unknownChoice } from '../../base/error.js'
import { defaultSynthSettings } from '../../data/synth/settings.js'
import { isJsonObject, type Json, type JsonObject } from '../../formats/json.js'
import { readJsonFile } from '../../formats/json-file.js'
import { choice, expectKnown, JsonPlace } from '../../formats/json-reader.js'
import { checkPreset } from './check-preset.js'
import { instability } from './instability.js'
import type { Preset } from './preset.js'
import { presetKeys } from './preset-form.js'
import { presets } from './presets.js'

const mostBytes = 2 ** 20

/**
 * The built-in preset of this name, or the one in this file: a file has a path separator in its name or ends in .json.
 * Errors: UserError for a name that is neither, and as `readPreset`.
 */
export function presetNamed(nameOrFile: string): Preset {
  if (isFile(nameOrFile)) return readPreset(nameOrFile)
  const preset = Object.hasOwn(presets, nameOrFile) ? presets[nameOrFile] : undefined
  if (preset) return preset
  const { message } = unknownChoice('preset', nameOrFile, Object.keys(presets))
  throw new UserError(`${message}; or give a file of your own that ends in .json: see docs/presets.md`, 2)
}

const isFile = (word: string) => /[/\\]|\.json$/i.test(word)

/**
 * A preset of the user's own: JSON in the form of `Preset`, where what is missing comes from the built-in one that
 * `from` names (docs/presets.md).
 * Errors: UserError for a file that cannot be read, for JSON that is none, with line and column, and as `checkPreset`.
 */
export function readPreset(file: string): Preset {
  const own = readJsonFile(file, mostBytes)
  const root = new JsonPlace(own, file)
  if (!isJsonObject(own)) return root.refuse('an object in braces')
  expectKnown(root, ['from', ...presetKeys])
  const from = own.from === undefined ? 'quick' : choice('preset', Object.keys(presets))(root.child('from'))
  const preset = checkPreset(merge(asJson(presets[from]!), own), file)
  if (Object.hasOwn(presets, preset.name))
    root.child('name').fail(`"${preset.name}" is a built-in preset, which this one would pass for: give another name`)
  return preset
}

/** A built-in preset as it would stand in a file. */
const asJson = (preset: object) => JSON.parse(JSON.stringify(preset)) as JsonObject

/** What a part that the base has not begins from once a file asks for it. */
const standard = asJson({ synth: defaultSynthSettings, instability })

const switchable: ReadonlySet<string> = new Set<keyof Preset>(['synth', 'lanes', 'instability', 'footprint'])

/** The file's own keys over the base's; null switches a part off. */
function merge(base: JsonObject, { from: _, ...own }: JsonObject): Readonly<Record<string, unknown>> {
  const baseOf = (part: string) => base[part] ?? (own[part] === undefined ? undefined : standard[part])
  const merged: Readonly<Record<string, Json | undefined>> = {
    ...base,
    ...own,
    name: own.name,
    synth: over(baseOf('synth'), own.synth),
    comparison: trainedOver(base.comparison, own.comparison),
    instability: trainedOver(baseOf('instability'), own.instability),
    footprint: over(base.footprint, own.footprint),
  }
  return Object.fromEntries(Object.entries(merged).filter(([key, value]) => value !== null || !switchable.has(key)))
}

function over(base: Json | undefined, own: Json | undefined): Json | undefined {
  if (own === undefined) return base
  return isJsonObject(base) && isJsonObject(own) ? { ...base, ...own } : own
}

/** A part that trains: its recipe is the base's but for the keys it gives, and a note goes with the number it explains. */
function trainedOver(base: Json | undefined, own: Json | undefined): Json | undefined {
  if (!isJsonObject(base) || !isJsonObject(own)) return over(base, own)
  const recipe = over(base.recipe, own.recipe)
  const notes = over(unchanged(base, recipe), own.notes)
  return { ...base, ...own, ...(recipe !== undefined && { recipe }), ...(notes !== undefined && { notes }) }
}

/** The base's notes on what the recipe has from it. */
function unchanged({ recipe: former, notes }: JsonObject, recipe: Json | undefined): Json | undefined {
  if (!isJsonObject(former) || !isJsonObject(notes) || !isJsonObject(recipe)) return notes
  return Object.fromEntries(Object.entries(notes).filter(([key]) => recipe[key] === former[key]))
}
