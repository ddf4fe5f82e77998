import { createRequire } from 'node:module'
import type library from 'sharp'

/**
 * The library that decodes and encodes images. It is loaded as CommonJS: as an ES module it takes three times as long,
 * most of which Node spends on looking for names in the CommonJS module that sharp takes its colours from.
 */
export const sharp: typeof library = createRequire(import.meta.url)('sharp')
