import type { TextStream } from '../training/sinks/terminal.js'

/** One line that is rewritten in place on a terminal, and not shown at all elsewhere. */
export class ProgressLine {
  readonly #stream: TextStream
  #shown = false

  constructor(stream: TextStream) {
    this.#stream = stream
  }

  update(text: string): void {
    if (!this.#stream.isTTY) return
    this.#stream.write(`\r${text.slice(0, (this.#stream.columns || 80) - 1)}\x1b[K`)
    this.#shown = true
  }

  end(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K')
    this.#shown = false
  }
}
