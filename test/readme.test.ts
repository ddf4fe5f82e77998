import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findNetwork } from '../src/networks/networks.js'
import { presets } from '../src/study/presets/presets.js'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'docs/evaluation.md',
  'docs/checkpoints.md',
  'docs/imagenet.md',
  'docs/many-machines.md',
].map(name => ({
  name,
  text: read(name),
}))

/** Fenced blocks of a language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, word, body]) => (word === language ? [body!] : []))

/** `Code` in running text. */
const spans = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!)

/** Command lines of a page, split into words, without comments. */
const commandLines = (text: string): string[][] =>
  [...blocks(text, 'sh').flatMap(block => block.split('\n')), ...spans(text)].map(line =>
    line
      .replace(/\s#.*$/, '')
      .trim()
      .split(/\s+/),
  )

const run = (file: string, args: readonly string[]) =>
  promisify(execFile)(process.execPath, [path.join(root, file), ...args], { cwd: root })

/** What `inception … --help` says of a command: its own long options and the commands below it. */
async function helpOf(command: readonly string[]) {
  const { stdout } = await run('dist/src/cli/main.js', [...command, '--help'])
  const below = /\nCommands:\n([\s\S]*)$/.exec(stdout)?.[1] ?? ''
  return {
    options: new Set([...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option!)),
    commands: new Set([...below.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name!)),
  }
}

test('no page has the marks of an unfinished merge', () => {
  for (const { name, text } of pages) assert.doesNotMatch(text, /^(<{7}|={7}|>{7})/m, name)
})

test('every inception command line exists, with the options that are shown', async () => {
  const lines = pages.flatMap(({ name, text }) =>
    commandLines(text).flatMap(words => {
      const at = ['npx', 'mpirun'].includes(words[0]!) ? words.indexOf('inception') : 0
      return words[at] === 'inception' && words.length > at + 1 ? [{ name, words: words.slice(at + 1) }] : []
    }),
  )
  assert.ok(lines.length > 10, 'the pages show commands')
  const helps = new Map<string, ReturnType<typeof helpOf>>()
  const help = (command: readonly string[]) => {
    const key = command.join(' ')
    if (!helps.has(key)) helps.set(key, helpOf(command))
    return helps.get(key)!
  }
  await Promise.all(
    lines.map(async ({ name, words }) => {
      const said = `${name}: inception ${words.join(' ')}`
      let depth = 0
      while (words[depth] !== undefined && (await help(words.slice(0, depth))).commands.has(words[depth]!)) depth++
      assert.ok(depth > 0, `${said}: there is no such command`)
      const { options, commands } = await help(words.slice(0, depth))
      assert.equal(commands.size, 0, `${said}: one of its commands is missing`)
      for (const [i, word] of words.entries()) {
        if (!word.startsWith('-')) continue
        assert.ok(options.has(word), `${said}: there is no option ${word}`)
        if (word === '--network') findNetwork(words[i + 1]!)
        if (word === '--preset') assert.ok(Object.hasOwn(presets, words[i + 1]!), said)
      }
      if (words[0] === 'inspect' && words[1] !== undefined) findNetwork(words[1])
    }),
  )
})

test('every npm command that is shown exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const { name, text } of pages)
    for (const [tool, first, second] of commandLines(text)) {
      if (tool !== 'npm' || first === undefined || first === 'link') continue
      const script = first === 'run' ? second! : first
      assert.ok(Object.hasOwn(scripts, script), `${name}: npm ${first} ${second ?? ''}`)
    }
})

/** Places in a run's or a data set's folder, or made by setting up: the pages name them, the repository has none. */
const elsewhere =
  /^(runs|dist|node_modules|checkpoints|pictures|data|train|val|\.inception-index)\/|^(run|study|result|config|preprocessor_config|model)\.json$|^report\.html$/

test('every file and folder that is named exists', () => {
  let found = 0
  for (const { name, text } of pages) {
    const linked = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target!).filter(t => !t.includes('://'))
    const named = spans(text).filter(
      span => /^[\w.-]+(\/[\w.-]+)*\/?$/.test(span) && /\/|\.(ts|mjs|md|json|html|png)$/.test(span),
    )
    // A link is read from its page, a name in running text from the root.
    const files = [...linked.map(target => path.join(path.dirname(name), target)), ...named]
    for (const file of files.filter(each => !elsewhere.test(each)))
      assert.ok(existsSync(path.join(root, file)), `${name} names ${file}, which does not exist`)
    found += files.length
  }
  assert.ok(found > 50, 'the pages name files')
})

test("the floors of ARCHITECTURE.md are the source's folders, with the imports that the check allows", async () => {
  const rows = [...read('ARCHITECTURE.md').matchAll(/^\| (\d) \| `src\/(\w+)\/` \|.*\| ([\w, ]+) \|$/gm)]
  const files = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true }).filter(e => e.isFile())
  const folders = files.map(file => path.relative(path.join(root, 'src'), file.parentPath).split(path.sep)[0]!)
  assert.deepEqual(rows.map(([, , folder]) => folder).sort(), [...new Set(folders)].filter(Boolean).sort())
  const table = new URL('../../scripts/floor-imports.mjs', import.meta.url)
  const { allowed } = (await import(table.href)) as { allowed: Readonly<Record<string, readonly string[]>> }
  const floorOf = new Map(rows.map(([, floor, folder]) => [folder!, Number(floor)]))
  for (const [, floor, folder, list] of rows) {
    const imports = list === 'nothing' ? [] : list!.split(', ')
    const existing = allowed[folder!]!.filter(other => floorOf.has(other))
    assert.deepEqual(imports, existing, folder)
    for (const other of imports) assert.ok(floorOf.get(other)! < Number(floor), `${folder} imports ${other}`)
  }
})

test("the README's TypeScript compiles strictly against the public interface and runs", async () => {
  const programs = blocks(read('README.md'), 'ts')
  assert.ok(programs.length > 0)
  // Inside the package, so that its own name resolves through the `exports` of package.json as it does for users.
  const folder = await mkdtemp(path.join(root, 'dist', 'readme-'))
  try {
    for (const [i, text] of programs.entries()) {
      const file = path.join(folder, `example-${i}.mts`)
      await writeFile(file, text)
      const compiled = run('node_modules/typescript/bin/tsc', [
        ...['--ignoreConfig', '--strict', '--target', 'es2023', '--module', 'nodenext', '--skipLibCheck', file],
      ])
      await compiled.catch(({ stdout }: { stdout: string }) => assert.fail(stdout))
      const { stdout } = await run(path.relative(root, file.replace(/mts$/, 'mjs')), [])
      assert.match(stdout, /^\d+\nFloat32Array\(10\)/)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
