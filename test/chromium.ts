import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { pathToFileURL } from 'node:url'

/** The browser: `$CHROMIUM`, or `chromium` on the path; undefined where it cannot be started. */
export function findChromium(): string | undefined {
  const program = process.env.CHROMIUM || 'chromium'
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0 ? program : undefined
}

/** How a page is looked at; sizes in CSS pixels. */
export interface View {
  readonly width: number
  readonly height: number
  readonly scheme?: 'light' | 'dark'
  readonly media?: 'screen' | 'print'
  /** Device pixels a CSS pixel. @default 1 */
  readonly scale?: number
  /** A phone: touch instead of a mouse. */
  readonly touch?: boolean
}

export interface Clip {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

/** One tab of a headless Chromium, spoken to over its debugging pipe. */
export class Browser implements AsyncDisposable {
  /**
   * What the page and its workers complained of: errors, violations of their policy, requests to anywhere but the server
   * that the page came from.
   */
  readonly complaints: string[] = []
  /** What the page and its workers asked for. */
  readonly requests: string[] = []
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #commands: Writable
  readonly #waiting = new Map<number, { resolve: (message: Message) => void; reject: (error: Error) => void }>()
  readonly #loaded: (() => void)[] = []
  #session: string | undefined
  #origin: string | undefined
  #count = 0

  private constructor(program: string, more: readonly string[]) {
    this.#profile = mkdtempSync(path.join(tmpdir(), 'chromium-'))
    const flags = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
      '--remote-debugging-pipe',
      `--user-data-dir=${this.#profile}`,
      ...more,
    ]
    this.#process = spawn(program, [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    this.#commands = this.#process.stdio[3] as Writable
    this.#read(this.#process.stdio[4] as Readable)
    this.#process.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser ended'))
      this.#waiting.clear()
    })
  }

  /** @param flags of the command line */
  static async start(program: string, flags: readonly string[] = []): Promise<Browser> {
    const browser = new Browser(program, flags)
    const { targetInfos } = await browser.#send('Target.getTargets')
    const page = (targetInfos as { type: string; targetId: string }[]).find(target => target.type === 'page')!
    const { sessionId } = await browser.#send('Target.attachToTarget', { targetId: page.targetId, flatten: true })
    browser.#session = String(sessionId)
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.#send(`${domain}.enable`)
    // Workers wait until they are listened to.
    await browser.#send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
    return browser
  }

  /** Opens a page by the path of its file or by its address, and waits until it is loaded. */
  async open(place: string | URL, view: View): Promise<void> {
    const url = place instanceof URL ? place : pathToFileURL(place)
    this.#origin = url.origin
    const { width, height, scheme = 'light', media = 'screen', scale = 1, touch = false } = view
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: touch })
    await this.#send('Emulation.setTouchEmulationEnabled', { enabled: touch })
    await this.#send('Emulation.setEmulatedMedia', {
      media,
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    })
    const loaded = new Promise<void>(resolve => this.#loaded.push(resolve))
    await this.#send('Page.navigate', { url: url.href })
    await loaded
  }

  /** The value of an expression in the page, as JSON carries it; of a promise, what it comes to. */
  async value<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    return (result as { value: T }).value
  }

  /** Waits until an expression is true of the page, which is looked at whenever the page changes; a minute at most. */
  async until(condition: string): Promise<void> {
    await this.value(`new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error(${JSON.stringify(`not so within a minute: ${condition}`)})), 60_000)
      const observer = new MutationObserver(() => look())
      const look = () => {
        if (!(${condition})) return
        observer.disconnect()
        resolve()
      }
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
      look()
    })`)
  }

  /** Chooses files in the input that the selector finds. */
  async choose(selector: string, files: readonly string[]): Promise<void> {
    const { root } = await this.#send('DOM.getDocument')
    const { nodeId } = await this.#send('DOM.querySelector', { nodeId: (root as { nodeId: number }).nodeId, selector })
    await this.#send('DOM.setFileInputFiles', { nodeId, files })
  }

  /** Answers what the page may be asked for, such as 'camera', from now on. */
  async permit(name: string, setting: 'granted' | 'denied'): Promise<void> {
    await this.#send('Browser.setPermission', { permission: { name }, setting, origin: this.#origin })
  }

  async moveMouse(x: number, y: number): Promise<void> {
    await this.#send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y })
  }

  async click(x: number, y: number): Promise<void> {
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.#send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
  }

  async tap(x: number, y: number): Promise<void> {
    await this.#send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] })
    await this.#send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
  }

  async press(key: string): Promise<void> {
    await this.#send('Input.dispatchKeyEvent', { type: 'keyDown', key })
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', key })
  }

  /** A PNG of what is seen, or of a part of the page. */
  async screenshot(clip?: Clip): Promise<Buffer> {
    const part = clip && { clip: { ...clip, scale: 1 }, captureBeyondViewport: true }
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png', ...part })
    return Buffer.from(String(data), 'base64')
  }

  /** The page as it is printed. */
  async print(): Promise<Buffer> {
    const { data } = await this.#send('Page.printToPDF', { printBackground: true, preferCSSPageSize: true })
    return Buffer.from(String(data), 'base64')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise(resolve => this.#process.once('exit', resolve))
    // Its children write into the profile until they have ended too.
    this.#session = undefined
    await this.#send('Browser.close').catch(() => this.#process.kill())
    await ended
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
  }

  async #send(method: string, params: object = {}, sessionId = this.#session): Promise<NonNullable<Message['result']>> {
    const id = ++this.#count
    const answer = new Promise<Message>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    this.#commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    const { result, error } = await answer
    if (error) throw new Error(`${method}: ${error.message}`)
    return result ?? {}
  }

  #read(messages: Readable): void {
    let rest = ''
    messages.setEncoding('utf8')
    messages.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\0')
      rest = parts.pop()!
      for (const part of parts) this.#receive(JSON.parse(part))
    })
  }

  #receive(message: Message): void {
    if (message.id !== undefined) {
      this.#waiting.get(message.id)?.resolve(message)
      this.#waiting.delete(message.id)
      return
    }
    const said = () => this.complaints.push(`${message.method}: ${JSON.stringify(message.params)}`)
    if (message.method === 'Page.loadEventFired') this.#loaded.shift()?.()
    else if (message.method === 'Runtime.exceptionThrown' || message.method === 'Log.entryAdded') said()
    else if (message.method === 'Runtime.consoleAPICalled') said()
    else if (message.method === 'Target.attachedToTarget') {
      if (message.params!.waitingForDebugger) this.#listenTo(String(message.params!.sessionId))
    } else if (message.method === 'Network.requestWillBeSent') {
      const { url } = message.params!.request as { url: string }
      this.requests.push(url)
      if (!/^(?:file|data|about|blob):/.test(url) && new URL(url).origin !== this.#origin) said()
    }
  }

  /** To a worker that the page has started, and to those that it starts. */
  #listenTo(worker: string): void {
    const listening = [
      ...['Runtime.enable', 'Network.enable', 'Log.enable'].map(method => this.#send(method, {}, worker)),
      this.#send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true }, worker),
      this.#send('Runtime.runIfWaitingForDebugger', {}, worker),
    ]
    // One that ended meanwhile, or has no such events, has nothing to tell.
    for (const answer of listening) answer.catch(() => {})
  }
}
