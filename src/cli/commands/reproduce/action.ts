import path from 'node:path'
import { choosePrecision, openBackend } from '../../../backends/open.js'
import { UserError } from '../../../base/error.js'
import { formatCount, formatDuration } from '../../../base/format.js'
import { quoted } from '../../../base/shell-word.js'
import { defaultThreads } from '../../../base/threads.js'
import { boxSourceOf } from '../../../data/box-source.js'
import { readImageList } from '../../../data/image-list.js'
import type { LabelNumbering } from '../../../data/sources/class-names.js'
import { openEvaluationData } from '../../../data/sources/open.js'
import { presetNamed } from '../../../study/presets/preset-file.js'
import { hasFont } from '../../../study/report/pictures.js'
import { terminalReport } from '../../../study/report/terminal.js'
import { writeReport } from '../../../study/report/write-report.js'
import { reproduce } from '../../../study/reproduce.js'
import { interruptSignal } from '../../interrupt.js'
import { lookingThrough } from '../../looking-through.js'
import { studyTerminal } from '../../study-terminal.js'
import type { Flags } from '../reproduce.js'
import { predict } from './prediction.js'

export async function reproduceStudy(flags: Flags): Promise<void> {
  const preset = presetNamed(flags.preset)
  // Whole, as runs name their images, and so that a study is the same from wherever it is started.
  const data = flags.data === undefined ? undefined : path.resolve(flags.data)
  expectOwnImages(flags)
  const out = flags.out ?? path.join('runs', preset.name)
  const say = (line: string) => process.stderr.write(`${line}\n`)
  const note = (message: string) => say(`inception: ${message}`)
  const backend = openBackend(flags.backend, note, { ...flags, notify: note })
  const command = [
    'npx inception reproduce --preset',
    quoted(flags.preset),
    ...(flags.out ? ['--out', quoted(flags.out)] : []),
    ...(flags.data ? ['--data', quoted(flags.data)] : []),
    ...(flags.labels === 'auto' ? [] : ['--labels', flags.labels]),
    ...(flags.boxes ? ['--boxes', quoted(flags.boxes)] : []),
    ...(flags.exclude ? ['--exclude', quoted(flags.exclude)] : []),
    ...(flags.backend === 'auto' ? [] : ['--backend', flags.backend]),
    ...(flags.precision === 'auto' ? [] : ['--precision', flags.precision]),
    ...(flags.threads === undefined ? [] : ['--threads', `${flags.threads}`]),
  ].join(' ')
  const terminal = studyTerminal(process.stderr)
  const precision = choosePrecision(backend, flags.precision)
  const signal = interruptSignal('stopping where it can go on')
  const { labels } = flags
  const boxes = flags.boxes === undefined ? undefined : await boxSourceOf(flags.boxes)
  const excluded = flags.exclude && data ? await excludedImages(flags.exclude, data, labels) : undefined
  // A study of days says so before it begins.
  if (flags.dryRun || !preset.synth)
    await predict({
      preset,
      data,
      labels,
      backend,
      backendName: flags.backend,
      precision,
      atOnce: flags.threads ?? preset.lanes ?? defaultThreads(),
      signal,
      measuring: what => terminal.live(`measuring ${what}`),
    }).finally(terminal.end)
  if (flags.dryRun) return
  const { result, interrupted } = await reproduce({
    preset,
    out,
    data,
    labels,
    ...(boxes && { boxes }),
    backend,
    backendName: flags.backend,
    precision,
    ...(excluded && { excluded }),
    ...(flags.threads !== undefined && { lanes: flags.threads }),
    command,
    signal,
    tell: terminal.tell,
    say: terminal.say,
    progress: (what, done, total) => terminal.live(`${what}: ${formatCount(done)} of ${formatCount(total)}`),
  }).finally(terminal.end)
  if (!(await hasFont()))
    say(
      "inception: no font is installed, so the PNG pictures have no labels: on Debian 'apt-get install fonts-dejavu-core'",
    )
  const report = await writeReport(result, out)
  console.log(`\n${terminalReport(result, process.stdout.columns || 100)}`)
  console.log(
    `\n${formatDuration(result.seconds)} in all. Report: ${report.html}; as text: ${report.markdown}, ${report.csv}; pictures: ${path.join(out, 'pictures')}`,
  )
  if (interrupted) {
    say(`interrupted: '${command}' goes on`)
    process.exitCode = 130
  }
}

function expectOwnImages({ data, exclude, boxes, labels }: Flags): void {
  const [option] = [exclude && '--exclude', boxes && '--boxes', labels !== 'auto' && '--labels'].filter(Boolean)
  if (option && data === undefined)
    throw new UserError(`${option} is about images of your own: give their folder too (--data)`, 2)
}

/** The paths of the validation images that a list names. */
async function excludedImages(list: string, data: string, labels: LabelNumbering): Promise<ReadonlySet<string>> {
  const val = await lookingThrough(options => openEvaluationData(data, { ...options, labels }))
  const named = readImageList(list, val)
  return new Set(val.items.filter((_, i) => named[i] === 1).map(item => item.path))
}
