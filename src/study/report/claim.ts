import type { Claim, Verdict } from '../claims/verdict.js'
import { escapeProse, escapeText } from './markup.js'

const marks: Readonly<Record<Verdict, readonly [kind: string, mark: string]>> = {
  holds: ['good', '✓'],
  'does not hold': ['bad', '✗'],
  'not decided by this run': ['open', '○'],
}

export function badge(verdict: Verdict): string {
  const [kind, mark] = marks[verdict]
  return `<span class="badge ${kind}"><span aria-hidden="true">${mark}</span> ${verdict}</span>`
}

/** A claim with what the paper says, the numbers of this run, and the rule that decided. */
export function claimHtml(claim: Claim): string {
  const parts = claim.parts.map(
    p => `<dt><span>${escapeText(p.subject)}</span>${badge(p.verdict)}</dt><dd>${escapeProse(p.text)}</dd>`,
  )
  return (
    `<article class="claim" id="claim-${claim.id}"><header><h3>${escapeText(claim.title)}</h3>${badge(claim.verdict)}</header>` +
    `<p class="paper">${escapeText(claim.paper)}</p><dl>${parts.join('')}</dl><p class="note">${escapeText(claim.rule)}</p></article>`
  )
}
