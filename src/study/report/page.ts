import { createHash } from 'node:crypto'
import { escapeText } from './markup.js'
import { script } from './script.js'
import { styleSheet } from './style-sheet.js'

/** A part of a page, with a heading that can be linked to. */
export interface Section {
  readonly id: string
  readonly title: string
  /** HTML. */
  readonly body: string
}

export const sectionHtml = ({ id, title, body }: Section): string =>
  `<section aria-labelledby="${escapeText(id)}"><h2 id="${escapeText(id)}">${escapeText(title)}</h2>${body}</section>`

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Nothing is loaded, and nothing runs or styles but what this program wrote into the page. */
const policy = [
  "default-src 'none'",
  `script-src ${hashOf(script)}`,
  `style-src ${hashOf(styleSheet)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** A whole HTML file that asks for nothing else. Without its script, everything can still be read. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeText(title)}</title>
<link rel="icon" href="data:,">
<style>${styleSheet}</style>
</head>
<body>
<main>
${body}
</main>
<script>${script}</script>
</body>
</html>
`

export const factsHtml = (facts: readonly (readonly [string, string])[]): string =>
  `<dl class="facts">${facts.map(([name, text]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(text)}</dd>`).join('')}</dl>`
