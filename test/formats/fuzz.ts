import { formatCount } from '../../src/base/format.js'
import { readMutants } from './torch-corpus.js'

// node dist/test/formats/fuzz.js 100000 [seed]: as many damaged files as asked for; the tests read a few thousand.

const [count = 100_000, seed = Date.now()] = process.argv.slice(2).map(Number)
const piece = 5000
for (let done = 0; done < count; done += piece) {
  const length = Math.min(piece, count - done)
  const whole = await readMutants(length, seed + done)
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20)
  console.log(
    `${formatCount(done + length)} damaged files from seed ${seed}: ${whole} of the last ${length} could be read, ${memory} MiB resident`,
  )
}
