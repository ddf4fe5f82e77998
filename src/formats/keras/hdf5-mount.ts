import type { ByteSection } from './byte-section.js'
import { isSoundHeap } from './global-heap.js'

/** What of Emscripten's file system a file system of ours needs; its own declarations leave these out. */
interface EmscriptenFiles {
  mkdir(path: string): unknown
  mount(type: { mount(): FileNode }, options: object, path: string): unknown
  createNode(parent: FileNode | null, name: string, mode: number, device: number): FileNode
  readonly ErrnoError: new (code: number) => Error
}

interface FileNode {
  readonly id: number
  readonly mode: number
  node_ops: object
  stream_ops: object
}

interface FileStream {
  readonly position: number
}

/** In Emscripten's numbering, which is WASI's. */
const noSuchFile = 44
const inputOutputError = 29

/**
 * Puts `section` into Emscripten's file system as a file in `folder` that can be read only, and returns its path. Nothing of it is
 * loaded: what the library reads goes straight to where it wants it. It sees no other file, so a hostile one that names
 * others finds none.
 */
export function mountSection(files: object, section: ByteSection, folder: string): string {
  const system = files as EmscriptenFiles
  const attributes = (node: FileNode) => ({
    ...{ dev: 1, ino: node.id, mode: node.mode, nlink: 1, uid: 0, gid: 0, rdev: 0, blksize: 4096, blocks: 0 },
    ...{ size: section.length, atime: new Date(0), mtime: new Date(0), ctime: new Date(0) },
  })
  const mount = (): FileNode => {
    const root = system.createNode(null, '/', 0o40555, 0)
    root.node_ops = {
      getattr: attributes,
      lookup: () => {
        throw new system.ErrnoError(noSuchFile)
      },
    }
    root.stream_ops = {}
    const file = system.createNode(root, 'weights.h5', 0o100444, 0)
    file.node_ops = { getattr: attributes }
    file.stream_ops = {
      llseek: (stream: FileStream, offset: number, whence: number) =>
        offset + [0, stream.position, section.length][whence]!,
      read: (_: FileStream, memory: Int8Array<ArrayBuffer>, at: number, length: number, position: number) => {
        const target = new Uint8Array(memory.buffer, memory.byteOffset + at, length)
        const count = section.read(target, position)
        if (!isSoundHeap(section, position, target.subarray(0, count))) throw new system.ErrnoError(inputOutputError)
        return count
      },
    }
    return root
  }
  system.mkdir(folder)
  system.mount({ mount }, {}, folder)
  return `${folder}/weights.h5`
}
