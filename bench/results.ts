import { existsSync, readFileSync } from 'node:fs'
import { writeAtomically } from '../src/formats/atomic-file.js'
import { decodeJsonObject, encodeJson } from '../src/formats/json.js'
import type { MachineSummary } from '../src/study/result.js'
import type { Measurement } from './row.js'

/** The machine as a heading names it. */
export type Machine = Pick<MachineSummary, 'processor' | 'cores' | 'memoryBytes' | 'platform'>

/** A measured row. */
export interface Entry extends Measurement {
  /** ISO, when it was done. */
  readonly date: string
  readonly command: string
  readonly threads: number
  readonly rounds: number
}

/** Everything measured on one machine, by the row's id. */
export interface Results {
  readonly machine: Machine
  readonly rows: Readonly<Record<string, Entry>>
}

/** 'amd-epyc-2-cores': the results file's name for a machine. */
export const slugOf = ({ processor, cores }: Machine): string =>
  `${processor} ${cores} cores`
    .toLowerCase()
    .replaceAll(/\((r|tm)\)/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')

/** What a results file holds; nothing yet where there is none. Errors: `UserError` when it is damaged. */
export function readResults(file: string, machine: Machine): Results {
  if (!existsSync(file)) return { machine, rows: {} }
  return decodeJsonObject(readFileSync(file, 'utf8'), file) as unknown as Results
}

/** Adds a row, or takes the place of the same row measured before. */
export const withRow = ({ rows }: Results, machine: Machine, id: string, entry: Entry): Results => ({
  machine,
  rows: { ...rows, [id]: entry },
})

/** Errors: `UserError` when the file cannot be written. */
export function writeResults(file: string, results: Results): void {
  const text = `${encodeJson(results, 'results', 2)}\n`
  writeAtomically(file, out => out.append(new TextEncoder().encode(text)))
}
