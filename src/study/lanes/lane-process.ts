// One piece of a study's work in a process of its own: takes its order from the parent, reports to it.

import { openBackend } from '../../backends/open.js'
import { UserError } from '../../base/error.js'
import { openDataSets, trainInFolder } from '../run/run.js'
import type { RunSettings } from '../run/run-settings.js'
import { type Backing, type EvaluationOrder, evaluateRun } from './evaluate-run.js'
import { type FootprintOrder, measureFootprint } from './measure-footprint.js'

export interface TrainingOrder {
  readonly kind: 'train'
  readonly settings: RunSettings
  readonly folder: string
  readonly resume: boolean
  readonly resumeCommand: string
  readonly workers: number
}

/** What the parent sends first; 'stop' may follow. */
export type Order = TrainingOrder | EvaluationOrder | FootprintOrder

/** Any number of news, then the result; or a failure. */
export type LaneMessage =
  | { readonly kind: 'news'; readonly news: unknown }
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'failure'; readonly message: string; readonly exitCode: 1 | 2 }

const controller = new AbortController()
// Ctrl-C and the closing of the terminal reach the whole group of processes; the parent decides what they mean.
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {})
process.on('SIGTERM', () => controller.abort())
process.on('disconnect', () => controller.abort())

const tell = (message: LaneMessage) =>
  new Promise<void>(resolve => {
    if (process.connected) process.send!(message, () => resolve())
    else resolve()
  })

process.on('message', async (order: Order | 'stop') => {
  if (order === 'stop') {
    controller.abort()
    return
  }
  try {
    await tell({ kind: 'result', result: await obey(order) })
  } catch (error) {
    if (error instanceof UserError) {
      await tell({ kind: 'failure', message: error.message, exitCode: error.exitCode })
      process.exitCode = error.exitCode
      // To be stopped is no failure: there is no result, and the parent knows why.
    } else if (error !== controller.signal.reason) throw error
  }
  if (process.connected) process.disconnect()
})

const news = (each: unknown) => tell({ kind: 'news', news: each })

async function obey(order: Order): Promise<unknown> {
  switch (order.kind) {
    case 'train':
      return await trainRun(order)
    case 'evaluate':
      return await evaluateRun(order, { open: opened, signal: controller.signal, progress: news })
    case 'footprint':
      return measureFootprint(order, opened)
  }
}

/** Without a warning: the parent has opened the same and told of it. */
const opened: Backing = (name, passes) => openBackend(name, () => {}, { passes: new Set(passes) })

async function trainRun({ settings, folder, resume, resumeCommand, workers }: TrainingOrder) {
  const backend = opened(settings.backend, settings.passes)
  const data = await openDataSets(settings.data, { labels: settings.labels })
  const sinks = [{ write: news, async close() {} }]
  const { signal } = controller
  return await trainInFolder(settings, { folder, resume, backend, data, sinks, signal, resumeCommand, workers })
}
