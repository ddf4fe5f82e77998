export type Verdict = 'holds' | 'does not hold' | 'not decided by this run'

/** One of the paper's claims, what this run shows of it, and the rule fixed beforehand by which that was decided. */
export interface Claim {
  readonly id: 'faster' | 'similar' | 'larger' | 'ensemble' | 'unstable' | 'remedies' | 'sum-norms'
  readonly title: string
  /** What the paper says, and where. */
  readonly paper: string
  readonly rule: string
  readonly verdict: Verdict
  readonly parts: readonly ClaimPart[]
}

export interface ClaimPart {
  readonly subject: string
  readonly verdict: Verdict
  /** One to three sentences with the numbers. */
  readonly text: string
}

export const undecided: Verdict = 'not decided by this run'

export const part = (subject: string, verdict: Verdict, text: string): ClaimPart => ({ subject, verdict, text })

/** A claim with the verdict that its parts, or those of them that decide, give together. */
export const claim = (
  id: Claim['id'],
  title: string,
  paper: string,
  rule: string,
  parts: readonly ClaimPart[],
  deciding = parts,
): Claim => ({
  id,
  title,
  paper,
  rule,
  parts,
  verdict: overall(deciding.map(each => each.verdict)),
})

/** One counterexample refutes a claim about several networks; only all of them together establish it. */
export function overall(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('does not hold')) return 'does not hold'
  return verdicts.length > 0 && verdicts.every(v => v === 'holds') ? 'holds' : undecided
}
