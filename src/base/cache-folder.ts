import os from 'node:os'
import path from 'node:path'

/** Where what took long to find out is kept, and can be found out again: $INCEPTION_CACHE, else inception-resnet/ in the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.INCEPTION_CACHE) return env.INCEPTION_CACHE
  const caches = env.XDG_CACHE_HOME || path.join(os.homedir(), os.platform() === 'darwin' ? 'Library/Caches' : '.cache')
  return path.join(caches, 'inception-resnet')
}
