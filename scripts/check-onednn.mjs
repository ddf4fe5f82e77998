// Exit code 0 when oneDNN can be used, else 1 with the reason on standard output.
import { openOnednn } from '../dist/src/backends/onednn/onednn.js'

const native = openOnednn()
if ('reason' in native) {
  console.log(native.reason)
  process.exit(1)
}
process.exit(0)
