import type { Answer, Classified, Ready, Request } from './messages.js'

interface Waiting {
  resolve(classified: Classified): void
  reject(error: Error): void
}

/** The classifier in its worker, as the page calls it. */
export class RemoteClassifier {
  /** Rejects with words for the page's reader where the network cannot be loaded. */
  readonly ready: Promise<Ready>
  readonly #worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  readonly #waiting = new Map<number, Waiting>()
  #count = 0

  /** @param base address of the page's folder */
  constructor(base: string, onProgress: (loaded: number, total: number) => void) {
    this.ready = new Promise((resolve, reject) => {
      this.#worker.addEventListener('message', ({ data: answer }: MessageEvent<Answer>) => {
        if (answer.kind === 'progress') onProgress(answer.loaded, answer.total)
        else if (answer.kind === 'ready') resolve(answer)
        else if (answer.kind === 'failed' && answer.id === undefined) reject(new Error(answer.message))
        else this.#settle(answer)
      })
      this.#worker.addEventListener('error', () => {
        const error = new Error("the page's program could not be started: reload the page, or use a newer browser")
        reject(error)
        for (const { reject } of this.#waiting.values()) reject(error)
      })
    })
    this.#post({ kind: 'load', base })
  }

  /** @param image a bitmap is taken over and closed. Rejects with words for the page's reader. */
  classify(image: Blob | ImageBitmap, top: number): Promise<Classified> {
    const id = ++this.#count
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#post({ kind: 'classify', id, image, top }, image instanceof ImageBitmap ? [image] : [])
    })
  }

  #post(request: Request, transfer: Transferable[] = []): void {
    this.#worker.postMessage(request, transfer)
  }

  #settle(answer: Extract<Answer, { kind: 'classified' | 'failed' }>): void {
    const waiting = this.#waiting.get(answer.id!)
    this.#waiting.delete(answer.id!)
    if (answer.kind === 'classified') waiting?.resolve(answer)
    else waiting?.reject(new Error(answer.message))
  }
}
