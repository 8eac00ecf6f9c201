// The MD4 digest (RFC 1320), which NTLM needs for the hash of a password, and which OpenSSL 3 does not offer any more.

/** The MD4 digest of some bytes: 16 bytes. Source: RFC 1320 §3. */
export function md4(bytes: Uint8Array): Buffer {
  const padded = paddedOf(bytes)
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476)
  const block = new Uint32Array(16)
  for (let at = 0; at < padded.length; at += 64) {
    for (let n = 0; n < 16; n += 1) block[n] = padded.readUInt32LE(at + 4 * n)
    mix(state, block)
  }
  const digest = Buffer.alloc(16)
  state.forEach((word, n) => {
    digest.writeUInt32LE(word, 4 * n)
  })
  return digest
}

// A one bit, zero bits up to 56 modulo 64 bytes, and the length in bits.
function paddedOf(bytes: Uint8Array): Buffer {
  const padded = Buffer.alloc((((bytes.length + 8) >>> 6) + 1) * 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  padded.writeBigUInt64LE(BigInt(bytes.length) * 8n, padded.length - 8)
  return padded
}

type Round = Readonly<{
  mixed: (x: number, y: number, z: number) => number
  constant: number
  order: readonly number[]
  shifts: readonly number[]
}>

const rounds: readonly Round[] = [
  {
    mixed: (x, y, z) => (x & y) | (~x & z),
    constant: 0,
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
  },
  {
    mixed: (x, y, z) => (x & y) | (x & z) | (y & z),
    constant: 0x5a827999,
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
  },
  {
    mixed: (x, y, z) => x ^ y ^ z,
    constant: 0x6ed9eba1,
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
  },
]

function mix(state: Uint32Array, block: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state
  for (const { mixed, constant, order, shifts } of rounds) {
    order.forEach((word, n) => {
      const sum = (a + mixed(b, c, d) + (block[word] ?? 0) + constant) >>> 0
      const shift = shifts[n % 4] ?? 0
      ;[a, d, c, b] = [d, c, b, (sum << shift) | (sum >>> (32 - shift))]
    })
  }
  ;[a, b, c, d].forEach((word, n) => {
    state[n] = ((state[n] ?? 0) + word) >>> 0
  })
}
