import { paper } from './paper.js'
import type { Preset } from './preset.js'
import { quick } from './quick.js'
import { small } from './small.js'

/** The presets that come with the program, by name. */
export const presets: Readonly<Record<string, Preset>> = { quick, small, paper }
