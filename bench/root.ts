import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone's folder, seen from the compiled files in dist/bench. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
