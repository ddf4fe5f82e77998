import type { Classified, Ready } from './messages.js'

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T

/** The parts of the page, and how they are written. */
export class View {
  readonly file = element<HTMLInputElement>('file')
  readonly cameraButton = element<HTMLButtonElement>('camera')
  readonly video = element<HTMLVideoElement>('video')
  readonly #picture = element<HTMLImageElement>('picture')
  readonly #labels = element('labels')
  #spoken = ''

  showProgress(loaded: number, total: number): void {
    const progress = element<HTMLProgressElement>('progress')
    progress.max = total
    progress.value = loaded
    const megabytes = (bytes: number) => Math.round(bytes / 1e6)
    element('loaded').textContent =
      loaded < total ? `${megabytes(loaded)} of ${megabytes(total)} MB` : 'getting it ready'
  }

  showReady({ description: { title, size, classes }, threads }: Ready): void {
    document.title = title
    element('title').textContent = title
    element('facts').textContent =
      `${classes.length.toLocaleString('en')} classes · ${size} × ${size} pixels · ${threads === 1 ? '1 thread' : `${threads} threads`}`
    element('loading').hidden = true
  }

  /** The network cannot be loaded, so nothing else can be done. */
  showFailure(message: string): void {
    element('loading').hidden = true
    this.file.disabled = this.cameraButton.disabled = true
    this.showMessage(message)
  }

  showMessage(message: string): void {
    element('message').textContent = message
  }

  showPicture(image: Blob): void {
    this.#show('picture')
    this.#picture.src = URL.createObjectURL(image)
    this.#picture.alt = image instanceof File && image.name !== '' ? image.name : 'The image'
  }

  showCamera(): void {
    this.#show('video')
    this.cameraButton.textContent = 'Stop the camera'
  }

  /** The camera is off; what it saw last is still read out. */
  showStopped(): void {
    this.cameraButton.textContent = 'Use the camera'
    if (!this.video.hidden) this.#show('hint')
  }

  clear(): void {
    this.#show('hint')
    this.#labels.removeAttribute('aria-busy')
    this.#labels.replaceChildren()
    element('time').textContent = ''
  }

  showBusy(): void {
    this.#labels.setAttribute('aria-busy', 'true')
  }

  showResult({ labels, milliseconds: { image, network } }: Classified): void {
    this.#labels.removeAttribute('aria-busy')
    this.#labels.replaceChildren(...labels.map(lineOf))
    element('time').textContent =
      `${duration(image + network)}: ${duration(image)} to read and crop the image, ${duration(network)} for the network`
    this.#say(labels[0])
  }

  /** To those who listen to the page; a camera that sees the same thing again is not worth a word. */
  #say(best: Classified['labels'][number] | undefined): void {
    if (!best || (best.label === this.#spoken && !this.video.hidden)) return
    this.#spoken = best.label
    element('status').textContent = `${best.label}, ${percent(best.probability)}`
  }

  #show(what: 'hint' | 'picture' | 'video'): void {
    if (this.#picture.src) URL.revokeObjectURL(this.#picture.src)
    this.#picture.removeAttribute('src')
    element('hint').hidden = what !== 'hint'
    this.#picture.hidden = what !== 'picture'
    this.video.hidden = what !== 'video'
  }
}

function lineOf({ label, probability }: Classified['labels'][number]): HTMLElement {
  const line = document.createElement('li')
  const name = document.createElement('span')
  name.textContent = label
  const share = document.createElement('data')
  share.value = String(probability)
  share.textContent = percent(probability)
  const bar = document.createElement('i')
  bar.style.width = `${100 * probability}%`
  line.append(name, share, bar)
  return line
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const duration = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`
