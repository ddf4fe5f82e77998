import { BadImage } from '../bad-image.js'
import { joinCrew, reply } from '../crew-member.js'
import { decodeImage } from '../decode.js'
import { readImageFacts } from '../image-facts.js'
import type { ImagePlace } from '../image-place.js'
import { PlaceReader } from '../place-reader.js'
import type { Answer } from './decoder-pool.js'

// The program of a process that decodes images one after the other and says what came of each. A process and not a
// thread: a crash in the decoder's native code ends it, and with it nothing else.

const reader = new PlaceReader()

async function check({ path, part }: ImagePlace): Promise<Answer> {
  try {
    const bytes = await reader.read(part ?? { file: path })
    await decodeImage(bytes)
    return { kind: 'sound', bytes: bytes.length, facts: await readImageFacts(bytes) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: error instanceof BadImage ? 'bad' : 'fault', reason }
  }
}

const { serve } = await joinCrew<undefined, ImagePlace>()
let work = Promise.resolve()
serve(image => {
  work = work.then(async () => reply<Answer>(await check(image)))
})
