export interface Intake {
  /** The first image that was given at once, of so many. */
  readonly onImage: (image: File, of: number) => void
  /** Something was given that is no file. */
  readonly onOther: () => void
}

/** Images that are dropped anywhere on the page, pasted, or chosen with `input`. */
export function takeImages(input: HTMLInputElement, { onImage, onOther }: Intake): void {
  const take = (files: FileList | undefined | null) => {
    const first = files?.[0]
    if (first) onImage(first, files!.length)
    else onOther()
  }
  const page = document.documentElement
  // Without these the browser would leave the page and show the file.
  document.addEventListener('dragover', event => {
    event.preventDefault()
    page.classList.add('over')
  })
  document.addEventListener('dragleave', event => {
    if (event.relatedTarget === null) page.classList.remove('over')
  })
  document.addEventListener('drop', event => {
    event.preventDefault()
    page.classList.remove('over')
    take(event.dataTransfer?.files)
  })
  document.addEventListener('paste', event => take(event.clipboardData?.files))
  input.addEventListener('change', () => {
    if (input.files?.length) take(input.files)
    // The same file can be chosen once more.
    input.value = ''
  })
}
