import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'

/** What the simplest of servers know. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
}

/** What browsers want before they let a page's threads share memory. */
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

/** A static server of a folder on a free port of this machine, with the folder somewhere below its root. */
export class StaticServer implements AsyncDisposable {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(folder: string, { isolated = false } = {}): Promise<StaticServer> {
    const server = createServer((request, response) => {
      const name = new URL(request.url!, 'http://localhost').pathname.replace(/^\/some\/place\//, '') || 'index.html'
      const file = path.join(folder, name)
      if (name.startsWith('/') || !existsSync(file)) return response.writeHead(404).end()
      const type = types[path.extname(file)] ?? 'application/octet-stream'
      const length = statSync(file).size
      response.writeHead(200, { 'content-type': type, 'content-length': length, ...(isolated && isolation) })
      createReadStream(file).pipe(response)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new StaticServer(server)
  }

  get page(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/some/place/`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
