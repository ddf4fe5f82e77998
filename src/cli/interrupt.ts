/**
 * A signal that is raised by the first Ctrl-C or SIGTERM, so that work can stop where it can be resumed. The second
 * one ends the process at once.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
    process.stderr.write(`\n${name}: saving after this step; once more to quit at once\n`)
    controller.abort()
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop(name))
  return controller.signal
}
