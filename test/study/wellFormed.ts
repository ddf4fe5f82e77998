import assert from 'node:assert/strict'

const empty = new Set(['meta', 'link', '!doctype', 'br', 'img'])

/** Fails unless every tag is closed in order, and every bare ampersand and angle bracket is escaped. */
export function assertWellFormed(markup: string): void {
  const open: string[] = []
  let at = 0
  for (const tag of markup.matchAll(/<(\/?)([a-zA-Z!][\w-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/g)) {
    const between = markup.slice(at, tag.index)
    const verbatim = open.at(-1) === 'style' || open.at(-1) === 'script'
    // Inside a script only its own end is a tag.
    if (open.at(-1) === 'script' && tag[0] !== '</script>') continue
    if (!verbatim) {
      assert.doesNotMatch(between, /[<>]/, `stray bracket in ${between.slice(0, 80)}`)
      assert.doesNotMatch(between, /&(?!(?:amp|lt|gt|quot|nbsp|#39);)/, `bare ampersand in ${between.slice(0, 80)}`)
    }
    at = tag.index + tag[0].length
    const [, closing, name, , selfClosing] = tag
    if (closing === '/') assert.equal(open.pop(), name, `unexpected </${name}>`)
    else if (selfClosing !== '/' && !empty.has(name!)) open.push(name!)
  }
  assert.doesNotMatch(markup.slice(at), /[<>]/)
  assert.deepEqual(open, [], 'left open')
}
