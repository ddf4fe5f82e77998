import { Camera } from './camera.js'
import { takeImages } from './intake.js'
import { RemoteClassifier } from './remote-classifier.js'
import { View } from './view.js'

const top = 5

const view = new View()
const camera = new Camera(view.video)
const classifier = new RemoteClassifier(document.baseURI, (loaded, total) => view.showProgress(loaded, total))
const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Counts what was given to the page: a result of something earlier is not shown any more. */
let current = 0

async function classifyImage(image: File, of: number): Promise<void> {
  stopCamera()
  const own = ++current
  view.showMessage(of > 1 ? `Only the first of the ${of} files is shown.` : '')
  view.showPicture(image)
  view.showBusy()
  try {
    const result = await classifier.classify(image, top)
    if (own === current) view.showResult(result)
  } catch (error) {
    if (own !== current) return
    view.clear()
    view.showMessage(wordsOf(error))
  }
}

async function useCamera(): Promise<void> {
  const own = ++current
  view.clear()
  view.showMessage('')
  try {
    await startCamera()
    // While the browser asked, an image was given.
    if (own !== current) return camera.stop()
    view.showCamera()
    while (own === current) {
      const result = await classifier.classify(await camera.frame(), top)
      if (own === current) view.showResult(result)
    }
  } catch (error) {
    if (own !== current) return
    stopCamera()
    view.showMessage(wordsOf(error))
  }
}

/** The button cannot start the camera a second time while the browser asks whether it may be used. */
async function startCamera(): Promise<void> {
  view.cameraButton.disabled = true
  try {
    await camera.start(() => {
      stopCamera()
      view.showMessage('The camera was taken away.')
    })
  } finally {
    view.cameraButton.disabled = false
  }
}

function stopCamera(): void {
  if (!camera.isOn) return
  current++
  camera.stop()
  view.showStopped()
}

takeImages(view.file, {
  onImage: classifyImage,
  onOther: () => view.showMessage('That is no file: drop, paste or choose an image.'),
})
view.cameraButton.addEventListener('click', () => (camera.isOn ? stopCamera() : useCamera()))
classifier.ready.then(
  ready => view.showReady(ready),
  error => view.showFailure(wordsOf(error)),
)
