/**
 * A signal that is raised by the first Ctrl-C, SIGTERM, closing of the terminal, or SIGUSR2, which launchers and
 * schedulers hand on to all processes; so that work can stop where it can be resumed. `meanwhile` says what is done until
 * then, if anything is to be said. The second one ends the process at once.
 */
export function interruptSignal(meanwhile: string | undefined): AbortSignal {
  const controller = new AbortController()
  const stop = (name: NodeJS.Signals, code: number) => {
    if (controller.signal.aborted) process.exit(code)
    if (meanwhile !== undefined) process.stderr.write(`\n${name}: ${meanwhile}; once more to quit at once\n`)
    controller.abort()
  }
  process.on('SIGINT', name => stop(name, 130))
  process.on('SIGTERM', name => stop(name, 143))
  process.on('SIGUSR2', name => stop(name, 140))
  process.on('SIGHUP', name => stop(name, 129))
  return controller.signal
}
