/** One field of a protocol buffer as it stands on the wire. */
export interface Field {
  readonly number: number
  /** A varint as bigint; the bytes of every other wire type. */
  readonly value: bigint | Buffer
}

/** The fields of a message in order: a decoder written from the encoding's description, apart from the encoder. */
export function fieldsOf(message: Uint8Array): Field[] {
  const bytes = Buffer.from(message)
  const fields: Field[] = []
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]
      if (byte === undefined) throw new Error('the message ends within a varint')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number) => {
    if (at + length > bytes.length) throw new Error('the message ends within a field')
    return bytes.subarray(at, (at += length))
  }
  while (at < bytes.length) {
    const key = varint()
    const number = Number(key >> 3n)
    const wireType = Number(key & 7n)
    if (wireType === 0) fields.push({ number, value: varint() })
    else if (wireType === 1) fields.push({ number, value: take(8) })
    else if (wireType === 2) fields.push({ number, value: take(Number(varint())) })
    else if (wireType === 5) fields.push({ number, value: take(4) })
    else throw new Error(`unknown wire type ${wireType}`)
  }
  return fields
}

/** The bytes of the only field of this number. */
export function bytesField(message: Uint8Array, number: number): Buffer {
  const [field, ...others] = fieldsOf(message).filter(candidate => candidate.number === number)
  if (field === undefined || others.length > 0 || typeof field.value === 'bigint')
    throw new Error(`field ${number} is not there once, as bytes`)
  return field.value
}
