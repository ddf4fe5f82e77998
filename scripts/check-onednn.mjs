// Exit code 0 when oneDNN can be used, else 1 with the reason on standard output.
import { openOnednn } from '../dist/src/backends/onednn/onednn.js'

function reasonAgainst() {
  try {
    const native = openOnednn()
    return 'reason' in native ? native.reason : undefined
  } catch (error) {
    // INCEPTION_ONEDNN names what cannot be used.
    return error.message
  }
}

const reason = reasonAgainst()
if (reason !== undefined) console.log(reason)
process.exit(reason === undefined ? 0 : 1)
