import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { packageVersion } from '../../src/base/package-version.js'
import { inLanes } from '../../src/study/lanes/lanes.js'
import { temporaryFolder, tinyModelFlags } from '../training/tiny-run.js'
import { assertRefused, inception, main } from './inception.js'

const root = temporaryFolder()

/** Checks a list of cases, two at a time: most of a short command is waiting for the program to load. */
async function each<T>(cases: readonly T[], check: (one: T) => Promise<void>) {
  await inLanes(
    2,
    cases.map(one => () => check(one)),
  )
}

test('every command explains itself', async () => {
  const commands = [
    '',
    'reproduce',
    'train',
    'evaluate',
    'predict',
    'import',
    'export',
    'inspect',
    'networks',
    'data',
    'data synth',
    'bench',
    'bench train',
    'bench infer',
    'bench latency',
    'bench data',
  ]
  await each(commands, async command => {
    const { code, stdout, stderr } = await inception([...command.split(' ').filter(Boolean), '--help'])
    assert.equal(code, 0, command)
    assert.equal(stderr, '')
    assert.ok(stdout.startsWith(`Usage: inception ${command}`.trimEnd()), stdout)
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
  })
})

test('the program says which version it is', async () => {
  const { code, stdout, stderr } = await inception(['--version'])
  assert.deepEqual([code, stdout, stderr], [0, `${packageVersion()}\n`, ''])
})

test('a command without its subcommand explains itself and has not done anything', async () => {
  await each(['', 'data', 'bench'], async command => {
    const { code, stdout, stderr } = await inception(command.split(' ').filter(Boolean))
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^Usage: inception/)
  })
})

const misuses: [command: string, message: RegExp][] = [
  ['netwroks', /unknown command 'netwroks' \(Did you mean networks\?\)/],
  ['bench tran', /unknown command 'tran' \(Did you mean train\?\)/],
  ['networks --jsno', /unknown option '--jsno' \(Did you mean --json\?\)/],
  ['train --netwrok inception-v4', /unknown option '--netwrok' \(Did you mean --network\?\)/],
  ['train --network', /option '--network <id>' argument missing/],
  ['bench latency', /whose latency\? Give --checkpoint or --network/],
  ['bench latency --network inception-v4 --checkpoint one', /one of the two/],
  ['inspect', /missing required argument 'network'/],
  ['inspect inception-v3 inception-v4', /too many arguments/],
  ['evaluate --data x', /required option '--checkpoint <file...>' not specified/],
  ['data synth', /required option '--out <folder>' not specified/],
  ['inspect inceptoin-v4', /unknown network 'inceptoin-v4': did you mean 'inception-v4'\?/],
  ['inspect constructor', /unknown network 'constructor': There are: inception-v3, /],
  ['bench train --network inception-resnet-2', /unknown network .* did you mean 'inception-resnet-v2'\?/],
  ['bench infer --precision bf-16', /unknown precision 'bf-16': did you mean 'bf16'\?/],
  ['bench infer --backend onednnn', /unknown backend 'onednnn': did you mean 'onednn'\?/],
  ['reproduce --preset qick', /unknown preset 'qick': did you mean 'quick'\?/],
  ['reproduce --exclude list.txt', /--exclude is about images of your own: give their folder too \(--data\)/],
  ['reproduce --boxes none', /--boxes is about images of your own/],
  ['train --optimizer rmsporp', /unknown optimizer 'rmsporp': did you mean 'rmsprop'\?/],
  ['train --bad-images skpi', /unknown choice 'skpi': did you mean 'skip'\?/],
  ['train --colour fats', /unknown colour mode 'fats': did you mean 'fast'\?/],
  ['train --augment tim', /unknown style 'tim': did you mean 'timm'\?/],
  ['train --resize bicubi', /unknown method 'bicubi': did you mean 'bicubic'\?/],
  ['train --erase 1.5', /'--erase <share>' argument '1.5' is invalid. .* at most 1/],
  ['train --mixup -1', /'--mixup <alpha>' argument '-1' is invalid/],
  ['train --network inception-v4 --data x --rand-augment rand-9', /'9' is none of m, mstd, mmax, n, p, inc/],
  ['train --network inception-v4 --data x --augment timm --colour fast', /timm's colours are a jitter/],
  ['train --network inception-v4 --data x --augment timm --resize area', /timm does not resize by 'area'/],
  ['train --network inception-v4 --data x --jitter 0.4', /the jitter of colours is timm's/],
  ['train --network inception-v4 --data x --erase-mode rand', /--erase-mode is for erasing/],
  ['train --network inception-v4 --data x --mixup 1e-9', /the α of mixup must be 0, for none, or lie in/],
  ['train --batch 0', /'--batch <n>' argument '0' is invalid. It must be a whole number of at least 1/],
  ['train --batch 1.5', /'--batch <n>' argument '1.5' is invalid/],
  ['train --batch 9007199254740993', /'--batch <n>' argument '9007199254740993' is invalid/],
  ['train --threads 0', /'--threads <n>' argument '0' is invalid. .* at least 1 and at most 256/],
  ['evaluate --checkpoint x --data x --threads 1.5', /'--threads <n>' argument '1.5' is invalid/],
  ['reproduce --threads 257', /'--threads <n>' argument '257' is invalid/],
  ['bench infer --threads x', /'--threads <n>' argument 'x' is invalid/],
  ['train --epochs 0', /'--epochs <n>' argument '0' is invalid. It must be above 0/],
  ['train --epochs 1e300', /'--epochs <n>' argument '1e300' is invalid/],
  ['train --epochs Infinity', /'--epochs <n>' argument 'Infinity' is invalid/],
  ['train --learning-rate -1', /'--learning-rate <rate>' argument '-1' is invalid/],
  ['train --momentum 2', /'--momentum <mu>' argument '2' is invalid. .* at most 1/],
  ['train --clip-norm 0', /'--clip-norm <norm>' argument '0' is invalid/],
  ['train --keep 0', /'--keep <share>' argument '0' is invalid/],
  ['train --steps 0', /'--steps <n>' argument '0' is invalid. It must be a whole number of at least 1/],
  ['train --watch-steps -1', /'--watch-steps <n>' argument '-1' is invalid. .* at least 0/],
  ['train --extra-norm sum', /unknown place 'sum': did you mean 'sums'\?/],
  ['train --seed x', /'--seed <n>' argument 'x' is invalid/],
  ['inspect inception-v4 --width 0', /'--width <factor>' argument '0' is invalid/],
  ['inspect inception-v4 --blocks a', /Write it like a=2,b=3/],
  ['inspect inception-v4 --blocks a=0', /Counts go from 1 to 1000/],
  ['inspect inception-v4 --blocks a=99999999999999999999', /Counts go from 1 to 1000/],
  ['inspect inception-v4 --blocks d=2', /unknown block of inception-v4 'd'.* There are: a, b, c/],
  ['inspect inception-v4 --blocks constructor=2', /unknown block of inception-v4 'constructor'/],
  ['inspect inception-v4 --size 20', /inception-v4 does not fit images of 20×20: the least size is 75/],
  ['bench train --network inception-v3 --size 74', /inception-v3 does not fit images of 74×74: the least size is 75/],
  ['inspect inception-v4 --freeze stem', /--freeze is for training, and this is inference/],
  ['inspect inception-v4 --train --batch 1 --freeze stme', /no weights lie under 'stme': did you mean 'stem'\?/],
  ['bench data --protocol fats', /unknown protocol 'fats': did you mean 'fast'\?/],
  ['bench data --workers 0', /'--workers <n>' argument '0' is invalid/],
  ['data synth --out x --classes 26', /classes must be a whole number from 2 to 25, not 26/],
  ['data synth --out x --size 8', /size must be a whole number from 16 to 2048, not 8/],
  ['data synth --out x --difficulty 1.5', /'--difficulty <share>' argument '1.5' is invalid/],
  ['train', /which network\?/],
  ['train --network inception-v4', /which images\?/],
  // What costs nothing to check comes before what needs the disk.
  ['train --network inceptoin-v4 --data nowhere', /did you mean 'inception-v4'\?/],
  ['train --network inception-v4 --data nowhere --size 20', /the least size is 75/],
  ['train --network inception-v3 --data nowhere --size 78 --auxiliary 0.4', /with its auxiliary head does not fit/],
]

test('misuse is refused in one line with code 2, and nothing is made', async () => {
  await each(misuses, async ([command, message]) => {
    assertRefused(await inception(command.split(' '), { cwd: root }), 2, message)
  })
  assert.ok(!existsSync(path.join(root, 'x')) && !existsSync(path.join(root, 'runs')))
})

test('data folders that are none are refused in one line with code 1, and no run is begun', async () => {
  const make = (...files: string[]) => {
    for (const file of files) {
      const place = path.join(root, file)
      mkdirSync(file.endsWith('/') ? place : path.dirname(place), { recursive: true })
      if (!file.endsWith('/')) writeFileSync(place, '')
    }
  }
  make('file', 'empty/', 'no-val/train/a/1.jpg', 'no-classes/train/', 'no-classes/val/a/1.jpg', 'loose/train/1.jpg')
  make('loose/val/1.jpg', 'hollow/train/a/1.jpg', 'hollow/train/b/', 'hollow/val/a/1.jpg', 'hollow/val/b/1.jpg')
  make('differing/train/a/1.jpg', 'differing/train/b/1.jpg', 'differing/val/a/1.jpg', 'differing/val/c/1.jpg')
  const cases: [folder: string, message: RegExp][] = [
    ['nowhere', /the data folder \S*\/nowhere does not exist: check the path/],
    ['file', /file is a file, not a folder/],
    ['empty', /empty has no folder 'train'/],
    ['no-val', /no-val has no folder 'val'/],
    ['no-classes', /no-classes\/train is empty/],
    ['loose', /loose\/train holds 1 images but no class folders/],
    ['hollow', /the class folder \S*hollow\/train\/b has no images/],
    ['differing', /the class folders differ: only \S*differing\/train has b; only \S*differing\/val has c/],
  ]
  await each(cases, async ([folder, message]) => {
    const args = ['train', ...tinyModelFlags, '--data', folder, '--out', `run of ${folder}`]
    assertRefused(await inception(args, { cwd: root }), 1, message)
    assert.ok(!existsSync(path.join(root, `run of ${folder}`)))
  })
  assertRefused(await inception(['reproduce', '--data', 'nowhere', '--out', 'study'], { cwd: root }), 1, /nowhere/)
  assert.ok(!existsSync(path.join(root, 'study')))
})

test('a file name with control characters stays on one line and away from the terminal', async () => {
  const ended = await inception(['train', ...tinyModelFlags, '--data', 'a\nb\x1b[2J'], { cwd: root })
  assertRefused(ended, 1, /the data folder \S*\/a\uFFFDb\uFFFD\[2J does not exist/)
})

test('a reader that stops early is no failure', async () => {
  const child = spawn(process.execPath, [main, 'inspect', 'inception-v4', '--graph'])
  let stderr = ''
  child.stderr.on('data', text => {
    stderr += text
  })
  child.stdout.once('data', () => child.stdout.destroy())
  const code = await new Promise(resolve => child.on('close', resolve))
  assert.deepEqual([code, stderr], [0, ''])
})
