import { UserError } from '../base/error.js'

/** How a reader refuses a file: throws the error to report, given the reason. */
export type Fail = (reason: string) => never

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space there or choose a folder on another disk',
  EDQUOT: 'the disk quota is used up; free some space there or choose a folder on another disk',
  EIO: 'the disk reports an input/output error; check the disk, or choose a folder on another one',
  EACCES: 'permission denied; check who owns the file and its folder',
  EPERM: 'the system does not permit it; check who owns the file and its folder',
  EROFS: 'the file system is read-only; choose a folder on another one',
  ENOENT: 'there is no such file or folder; check the path',
  ENOTDIR: 'part of the path is a file, not a folder; check the path',
  EISDIR: 'it is a folder, not a file; check the path',
  EEXIST: 'it exists already; choose another name',
  ENOTEMPTY: 'it is not empty; choose another folder',
  EMFILE: 'this process has too many files open; raise the limit (ulimit -n)',
  ENFILE: 'the machine has too many files open; close other programs',
  EFBIG: 'the file would be larger than the file system or the limit on file sizes allows (ulimit -f)',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
  ELOOP: 'the path runs in a circle of symbolic links; check the path',
}

/** The code of an error of the operating system ('ENOSPC' …); undefined for every other error. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/**
 * What to throw when the operating system refuses to `doing` ('read', 'write', …) the file at `path`: a `UserError` with
 * the file, the reason and the remedy. Any other error comes back as it is, so that a defect is not dressed up as advice.
 */
export function fileError(doing: string, path: string, error: unknown): unknown {
  const code = systemCode(error)
  if (code === undefined) return error
  const reason = advice[code] ?? 'the operating system refused'
  return new UserError(`cannot ${doing} ${path}: ${reason} (${code})`, 1, { cause: error })
}
