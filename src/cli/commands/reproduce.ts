import path from 'node:path'
import { Command } from 'commander'
import { type BackendName, choosePrecision, openBackend } from '../../backends/open.js'
import { unknownChoice } from '../../base/error.js'
import { formatCount, formatDuration } from '../../base/format.js'
import { quoted } from '../../base/shell-word.js'
import { presets } from '../../study/presets/presets.js'
import { hasFont } from '../../study/report/pictures.js'
import { terminalReport } from '../../study/report/terminal.js'
import { writeReport } from '../../study/report/write-report.js'
import { reproduce } from '../../study/reproduce.js'
import { backendOption, precisionOption, threadsOption } from '../engine-options.js'
import { interruptSignal } from '../interrupt.js'
import { studyTerminal } from '../study-terminal.js'

interface Flags {
  preset: string
  out?: string
  data?: string
  backend: BackendName
  precision: 'auto' | 'f32' | 'bf16'
  threads?: number
}

export const reproduceCommand = (): Command =>
  new Command('reproduce')
    .description("the paper's study: train the networks side by side, evaluate, ensemble, report; run again to go on")
    .option('--preset <name>', Object.keys(presets).join(', '), 'quick')
    .option('--out <folder>', "the study's folder (default: runs/<preset>)")
    .option('--data <folder>', 'a class-folder tree to use instead of drawn pictures')
    .addOption(backendOption())
    .addOption(precisionOption())
    .addOption(threadsOption())
    .action(async (flags: Flags) => {
      const preset = Object.hasOwn(presets, flags.preset) ? presets[flags.preset] : undefined
      if (!preset) throw unknownChoice('preset', flags.preset, Object.keys(presets))
      const out = flags.out ?? path.join('runs', preset.name)
      const say = (line: string) => process.stderr.write(`${line}\n`)
      const note = (message: string) => say(`inception: ${message}`)
      const backend = openBackend(flags.backend, note, { ...flags, notify: note })
      const command = [
        'npx inception reproduce --preset',
        preset.name,
        ...(flags.out ? ['--out', quoted(flags.out)] : []),
        ...(flags.data ? ['--data', quoted(flags.data)] : []),
        ...(flags.backend === 'auto' ? [] : ['--backend', flags.backend]),
        ...(flags.precision === 'auto' ? [] : ['--precision', flags.precision]),
        ...(flags.threads === undefined ? [] : ['--threads', `${flags.threads}`]),
      ].join(' ')
      const terminal = studyTerminal(process.stderr)
      const { result, interrupted } = await reproduce({
        preset,
        out,
        data: flags.data,
        backend,
        backendName: flags.backend,
        precision: choosePrecision(backend, flags.precision),
        ...(flags.threads !== undefined && { lanes: flags.threads }),
        command,
        signal: interruptSignal('stopping where it can go on'),
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
    })
