import type { Option } from 'commander'

/** The options that every form has. */
export interface CommonFlags {
  readonly out: string
  readonly json?: boolean
}

/** What was written: as JSON, and in a line or more for people. */
export interface Written {
  readonly facts: object
  readonly text: string
}

/** A form that a checkpoint can be exported in, with the options that are its own. */
export interface ExportForm<Flags extends object = object> {
  /** What it is, in the words of the help. */
  readonly about: string
  /** Forms that share an option share the function that makes it. */
  readonly options: readonly Option[]
  /** Attribute names of those of its options that must be given. */
  readonly required: readonly string[]
  /** Errors: `UserError` where the checkpoint cannot be exported in this form; nothing has then been written. */
  write(checkpoint: string, flags: Flags & CommonFlags): Promise<Written>
}
