/** How a parser took damaged files. */
export interface Outcomes {
  readonly read: number
  readonly refused: number
}
