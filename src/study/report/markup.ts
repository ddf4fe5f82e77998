const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

// Characters XML 1.0 forbids even as references; one of them in a file name would make an SVG unreadable.
const forbidden = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu

/** `text` made safe as the content of an element or of a quoted attribute, in HTML and in SVG. */
export const escapeText = (text: string): string =>
  text.replace(forbidden, '\u{fffd}').replace(/[&<>"']/g, character => entities[character]!)

/** `text` escaped, with no line break between a number and its unit. */
export const escapeProse = (text: string): string =>
  escapeText(text).replace(/(\d) (?=%|(?:s|min|h|points|epochs?)\b)/g, '$1&nbsp;')
