import { type FileCalls, systemCalls } from '../../src/formats/atomic-file.js'

/** The system's calls, counted; the one numbered `failing` fails with `code`, and with `dead` all later ones too. */
export function failingCalls(
  failing: number,
  code = 'EIO',
  dead = false,
): FileCalls & { count: number; renamed: boolean } {
  const step =
    <A extends readonly unknown[], R>(syscall: string, call: (...args: A) => R, before?: (...args: A) => void) =>
    (...args: A): R => {
      const number = ++calls.count
      if (number === failing || (dead && number > failing)) {
        before?.(...args)
        throw Object.assign(new Error(`${code}: made to fail`), { code, syscall })
      }
      const result = call(...args)
      if (syscall === 'rename') calls.renamed = true
      return result
    }
  const calls = {
    count: 0,
    renamed: false,
    open: step('open', systemCalls.open),
    // A disk that fills up takes a part of the bytes before it refuses.
    write: step('write', systemCalls.write, (fd, bytes, offset, length, position) =>
      systemCalls.write(fd, bytes, offset, length >> 1, position),
    ),
    fsync: step('fsync', systemCalls.fsync),
    // Close gives the descriptor up even when it reports an error (close(2)).
    close: step('close', systemCalls.close, systemCalls.close),
    rename: step('rename', systemCalls.rename),
    unlink: step('unlink', systemCalls.unlink),
  }
  return calls
}
