import { unknownChoice } from '../base/error.js'
import type { Preset } from './preset.js'
import { presets } from './presets/presets.js'

export function presetNamed(name: string): Preset {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (!preset) throw unknownChoice('preset', name, Object.keys(presets))
  return preset
}
