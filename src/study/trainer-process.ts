// One network's training in a process of its own: takes its order from the parent, reports events to it.

import { openBackend } from '../backends/open.js'
import { UserError } from '../base/error.js'
import type { TrainingEvent } from '../training/events.js'
import { openDataSets, trainInFolder } from './run.js'
import type { RunSettings } from './run-settings.js'

/** What the parent sends first; 'stop' may follow. */
export interface TrainingOrder {
  readonly settings: RunSettings
  readonly folder: string
  readonly resume: boolean
  readonly resumeCommand: string
  readonly workers: number
}

export type TrainerMessage =
  | { readonly kind: 'event'; readonly event: TrainingEvent }
  | { readonly kind: 'failure'; readonly message: string; readonly exitCode: 1 | 2 }

const controller = new AbortController()
// Ctrl-C and the closing of the terminal reach the whole group of processes; the parent decides what they mean.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
process.on('SIGTERM', () => controller.abort())
process.on('disconnect', () => controller.abort())

const tell = (message: TrainerMessage) =>
  new Promise<void>(resolve => {
    if (process.connected) process.send!(message, () => resolve())
    else resolve()
  })

process.on('message', async (order: TrainingOrder | 'stop') => {
  if (order === 'stop') {
    controller.abort()
    return
  }
  try {
    await obey(order)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    await tell({ kind: 'failure', message: error.message, exitCode: error.exitCode })
    process.exitCode = error.exitCode
  }
  if (process.connected) process.disconnect()
})

async function obey({ settings, folder, resume, resumeCommand, workers }: TrainingOrder) {
  const write = (event: TrainingEvent) => tell({ kind: 'event', event })
  // Without a warning: the parent has opened the same and told of it.
  const backend = openBackend(settings.backend, () => {}, { passes: new Set(settings.passes) })
  const data = await openDataSets(settings.data)
  const sinks = [{ write, async close() {} }]
  await trainInFolder(settings, {
    folder,
    resume,
    backend,
    data,
    sinks,
    signal: controller.signal,
    resumeCommand,
    workers,
  })
}
