import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Command } from 'commander'
import { choosePrecision, openBackend } from '../../../../backends/open.js'
import { UserError } from '../../../../base/error.js'
import { formatTable } from '../../../../base/format.js'
import { fileError } from '../../../../formats/file-error.js'
import { findNetwork } from '../../../../networks/networks.js'
import { Classifier } from '../../../../prediction/classifier.js'
import { measureCold, measureWarm, type Spread } from '../../../../study/bench/latency.js'
import { drawImage, writeFirstWeights } from '../../../../study/bench/subject.js'
import { describeMachine } from '../../../../study/machine.js'
import { openCheckpoint } from '../../../../training/open-checkpoint.js'
import { interruptSignal } from '../../../interrupt.js'
import { modelOf, modelSpec } from '../../../model-of-flags.js'
import { warn } from '../../../warn.js'
import type { Flags } from '../latency.js'

export async function measureLatency(flags: Flags, command: Command): Promise<void> {
  if ((flags.checkpoint === undefined) === (flags.network === undefined))
    throw new UserError('whose latency? Give --checkpoint or --network, one of the two', 2)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'inception-latency-'))
  try {
    await measure(flags, folder, command)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(flags: Flags, folder: string, command: Command): Promise<void> {
  const signal = interruptSignal('stopping')
  const { warmup, runs, coldRuns } = flags
  const image = flags.image ?? (await drawImage(path.join(folder, 'drawn.jpg')))
  const bytes = readImage(image)
  const backend = openBackend(flags.backend, warn, { ...flags, notify: warn })
  const checkpoint =
    flags.checkpoint ?? writeFirstWeights(path.join(folder, 'first.safetensors'), firstModel(flags), backend)
  using opened = openCheckpoint(checkpoint, warn)
  modelOf(opened, command, network => modelSpec(network, undefined, flags))
  const precision = choosePrecision(backend, flags.precision)
  using classifier = new Classifier(opened, { backend, precision })
  const warm = await measureWarm(classifier, bytes, { warmup, runs, signal })
  const engine = ['--backend', flags.backend, '--precision', precision, '--threads', `${backend.threads}`]
  const cold = await measureCold({ checkpoint: opened.file, image, runs: coldRuns, flags: engine, signal })
  const machine = describeMachine(`${backend.title}, ${precision}`)
  const { network, size } = classifier.model
  if (flags.json) {
    const about = { network, size, precision, threads: backend.threads, runs, coldRuns }
    console.log(JSON.stringify({ work: 'latency', ...about, warm, cold, machine }, undefined, 2))
    return
  }
  const row = (what: string, { p50, p95 }: Spread) => [what, p50.toFixed(1), p95.toFixed(1)]
  const rows = [
    row('decode', warm.decode),
    row('crop and resize', warm.preprocess),
    row('network', warm.network),
    row('file to label, warm', warm.total),
    row('process start to label', cold.kept),
    row('the same, no kernel timed before', cold.none),
  ]
  console.log(formatTable([network, 'ms, median', '95 %'], rows))
  console.log(
    `${warm.overhead.toFixed(2)} times the network alone; ${size}×${size}, ${machine.processor}, ${backend.threads} of ${machine.cores} cores, ${machine.engine}, Node ${machine.node}; ${runs} runs, ${coldRuns} processes`,
  )
}

const firstModel = (flags: Flags) => modelSpec(findNetwork(flags.network!).id, 1000, flags)

function readImage(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw fileError('read', file, error)
  }
}
