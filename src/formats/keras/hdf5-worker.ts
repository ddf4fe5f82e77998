// A thread that reads one HDF5 file with the HDF5 library, and ends with it.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { UserError } from '../../base/error.js'
import { openSection } from './byte-section.js'
import { failOn, Hdf5Library } from './hdf5-library.js'
import type { Hdf5Reply, Hdf5Request, Hdf5Source } from './hdf5-request.js'
import type { Hdf5Tree } from './hdf5-tree.js'
import { readStoredModel } from './stored-model.js'

const { place, file, direct }: Hdf5Source = workerData
const section = openSection(place)
/** What the library takes without any file, and room for a file's structure. */
const basis = 64 * 2 ** 20
const library = await Hdf5Library.load(basis + 2 * section.length)
let tree: Hdf5Tree | undefined

parentPort!.on('message', (request: Hdf5Request) => {
  if ('direct' in request) answerDirectly(request)
  else send(parentPort!, answer(request))
})

function answerDirectly(request: Hdf5Request): void {
  try {
    send(direct.port, answer(request))
  } catch (error) {
    send(direct.port, { broken: error instanceof Error ? error.message : `${error}` })
  }
  Atomics.store(direct.flag, 0, 1)
  Atomics.notify(direct.flag, 0)
}

const send = (port: MessagePort, reply: Hdf5Reply): void =>
  port.postMessage(reply, 'values' in reply ? [reply.values.buffer] : [])

function answer(request: Hdf5Request): Hdf5Reply {
  try {
    tree ??= library.open(section, '/input', file).tree
    return 'read' in request ? { values: tree.floats(request.read) } : { model: readStoredModel(tree, failOn(file)) }
  } catch (error) {
    if (error instanceof UserError) return { failed: error.message }
    throw error
  }
}
