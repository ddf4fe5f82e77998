/** What a browser says of a camera that it does not give, in words for the page's reader. */
const refusals: Readonly<Record<string, string>> = {
  NotAllowedError: 'The camera was refused: allow it for this page in the browser’s settings.',
  SecurityError: 'The browser does not give this page the camera.',
  NotFoundError: 'There is no camera.',
  OverconstrainedError: 'There is no camera that suits.',
  NotReadableError: 'The camera is used by another program.',
}

/** The camera, shown in a video element from `start` until `stop`. */
export class Camera {
  readonly #video: HTMLVideoElement
  #stream: MediaStream | undefined

  constructor(video: HTMLVideoElement) {
    this.#video = video
  }

  get isOn(): boolean {
    return this.#stream !== undefined
  }

  /** `onEnd` is called when the camera goes away by itself. Errors: in words for the page's reader. */
  async start(onEnd: () => void): Promise<void> {
    // Browsers hide it from pages that came unencrypted from another machine.
    if (!navigator.mediaDevices)
      throw new Error('Browsers give the camera only to pages from https:// addresses or from localhost.')
    try {
      const video = { facingMode: { ideal: 'environment' }, width: { ideal: 640 } }
      this.#stream = await navigator.mediaDevices.getUserMedia({ video })
    } catch (error) {
      const name = error instanceof DOMException ? error.name : ''
      throw new Error(refusals[name] ?? `The camera cannot be used (${error}).`)
    }
    for (const track of this.#stream.getTracks()) track.addEventListener('ended', onEnd)
    this.#video.srcObject = this.#stream
    await this.#video.play()
  }

  stop(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop()
    this.#stream = undefined
    this.#video.srcObject = null
  }

  /** The next picture; those that came while nobody asked are skipped. */
  async frame(): Promise<ImageBitmap> {
    await new Promise<unknown>(resolve =>
      'requestVideoFrameCallback' in this.#video
        ? this.#video.requestVideoFrameCallback(resolve)
        : requestAnimationFrame(resolve),
    )
    return createImageBitmap(this.#video)
  }
}
