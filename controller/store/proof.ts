// How a state records the way in which it is sealed: the one row of the table `vault`. Only the holder of the key can
// write a row that opens.
//
//   proof    how content is sealed:  plain    {"layers"}          no row, or no layers: plain since it was created
//                                    unbound  base64              up to schema 4
//                                    bound    {"salt", "sealed"}  sealed: the layers, and the digest of the proof before
//   next     the coming proof, while a change is under way; at its end it becomes the proof
//   reached  the last carried row: rows up to it are sealed as `next` says, the others as `proof` says
//   clean    1: no earlier or erased content is left in free pages or in the log
import type { DatabaseSync } from 'node:sqlite'
import { digestOf } from '../core/id.ts'
import { drawnAtRandom, keyed, plainVault, unbound, type Vault } from './encryption.ts'
import { damaged } from './errors.ts'
import { parsed } from './rows.ts'

/** A key of 32 bytes, and the name of its file for messages. */
export type Key = Readonly<{ bytes: Uint8Array; file: string }>

/** One way of sealing: its proof in the file, and the vault that seals and opens. */
export type Sealing = Readonly<{ proof: string; vault: Vault }>

/** The content of the row. */
export type Proofs = Readonly<{ proof: string; next: string | undefined }>

/** The proof of a state that was never sealed. */
export const plainProof = '{"layers":[]}'
const spot = ['vault.proof']

/** The sealed word that proves the key of an unbound state. */
const word = 'exsync'

/** Is nothing sealed? */
export const isPlain = (proof: string) => proof.startsWith('{"layers"')

/** Is everything sealed and bound to its row? */
export const isBound = (proof: string) => proof.startsWith('{"salt"')

/** Reads the row of a state, also of an earlier schema. */
export function proofsIn(db: DatabaseSync): Proofs {
  const row = db.prepare('SELECT * FROM vault').get()
  return {
    proof: row === undefined ? plainProof : String(row.proof),
    next: row?.next == null ? undefined : String(row.next),
  }
}

/** Opens a proof with a key; undefined if it needs another key. */
export function openedBy(proof: string, key: Key | undefined): Sealing | undefined {
  if (isPlain(proof)) return { proof, vault: plainVault(layersIn(parsed(proof))) }
  if (key === undefined) return undefined
  try {
    if (!isBound(proof)) {
      const vault = unbound(key.bytes)
      return vault.open(proof, []) === word ? { proof, vault } : undefined
    }
    const { salt, sealed } = parsed(proof) as { salt: string; sealed: string }
    const said = parsed(keyed(key.bytes, salt, []).open(sealed, spot))
    return { proof, vault: keyed(key.bytes, salt, layersIn(said)) }
  } catch {
    return undefined
  }
}

/**
 * The next sealing with a key. A key is changed because it may have become known, so the new sealing adds a layer: the
 * old key must not reveal how prints are made from now on.
 */
export function sealingWith(key: Key, now: Sealing): Sealing {
  const added = isPlain(now.proof) || isBound(now.proof) ? [drawnAtRandom(32)] : []
  const [salt, layers] = [drawnAtRandom(16), [...now.vault.layers, ...added]]
  const vault = keyed(key.bytes, salt, layers)
  const sealed = vault.seal(JSON.stringify({ layers, after: digestOf(now.proof) }), spot)
  return { proof: JSON.stringify({ salt, sealed }), vault }
}

/** The next sealing without a key. It contains a sealed mark, so that only the holder of the old key can write it. */
export function plainAfter({ proof, vault }: Sealing): Sealing {
  const { layers } = vault
  const sealed = vault.seal(JSON.stringify({ after: digestOf(proof) }), spot)
  return { proof: JSON.stringify({ layers, sealed }), vault: plainVault(layers) }
}

/**
 * Refuses a `next` that was not written for this very proof, such as a row copied from another time. `now` may be
 * undefined if `next` is not plain.
 */
export function refuseForeign(proof: string, now: Sealing | undefined, next: Sealing): void {
  const opener = isPlain(next.proof) ? now : next
  const { sealed } = parsed(next.proof) as { sealed?: string }
  const said = opener && (parsed(opener.vault.open(String(sealed), spot)) as { after?: string })
  if (said?.after !== digestOf(proof))
    throw damaged('the state, in which the mark of a key change does not belong to its key,')
}

/** The proof after everything was carried over. */
export function finalProof({ proof, vault: { layers } }: Sealing): string {
  return isPlain(proof) ? JSON.stringify({ layers }) : proof
}

function layersIn(said: unknown): readonly string[] {
  const { layers } = said as { layers?: unknown }
  if (Array.isArray(layers)) return layers.map(String)
  throw damaged('the state, in which the keys of its prints are missing,')
}
