import { Classifier } from './classifier.js'
import type { Answer, Request } from './messages.js'
import { readPixels } from './pixels.js'

// The page's worker thread, so that the page answers while the network computes.

const say = (answer: Answer): void => self.postMessage(answer)
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

let classifier: Promise<Classifier>

addEventListener('message', async ({ data: request }: MessageEvent<Request>) => {
  if (request.kind === 'load') await load(request.base)
  else await classify(request)
})

async function load(base: string): Promise<void> {
  try {
    classifier = Classifier.load(base, (loaded, total) => say({ kind: 'progress', loaded, total }))
    const { description, threads } = await classifier
    say({ kind: 'ready', description, threads })
  } catch (error) {
    say({ kind: 'failed', message: wordsOf(error) })
  }
}

async function classify({ id, image, top }: Extract<Request, { kind: 'classify' }>): Promise<void> {
  try {
    const loaded = await classifier
    const start = performance.now()
    const pixels = await readPixels(image)
    const read = performance.now()
    const labels = await loaded.classify(pixels, top)
    const milliseconds = { image: read - start, network: performance.now() - read }
    say({ kind: 'classified', id, labels, milliseconds })
  } catch (error) {
    say({ kind: 'failed', id, message: wordsOf(error) })
  }
}
