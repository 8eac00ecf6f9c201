// How a state says in which way it is sealed: the one row of the table `vault`, which only the holder of the key can
// write so that it opens.
//
//   proof    how content is sealed:  plain    {"layers"}          no row, or no layers: plain, and never anything else
//                                    unbound  base64              up to schema 4
//                                    bound    {"salt", "sealed"}  sealed: the layers, and which proof came before
//   next     what it comes to, while a change is under way; at its end it is the proof
//   reached  the last row that was carried over: it and those before are sealed as `next` says, the others as `proof` says
//   clean    1: nothing that came before, or was erased, is left in free pages or in the log
import type { DatabaseSync } from 'node:sqlite'
import { digestOf } from '../core/id.ts'
import { drawnAtRandom, keyed, plainVault, unbound, type Vault } from './encryption.ts'
import { damaged } from './errors.ts'
import { parsed } from './rows.ts'

/** A key of 32 bytes, and the file that it came from, for messages. */
export type Key = Readonly<{ bytes: Uint8Array; file: string }>

/** One way of sealing: what the file says of it, and what it is done with. */
export type Sealing = Readonly<{ proof: string; vault: Vault }>

/** What the row says. */
export type Proofs = Readonly<{ proof: string; next: string | undefined }>

/** What the row says of a state that was never sealed, should there be one. */
export const plainProof = '{"layers":[]}'
const spot = ['vault.proof']

/** What an unbound state proves its key by. */
const word = 'exsync'

/** Nothing is sealed. */
export const isPlain = (proof: string) => proof.startsWith('{"layers"')

/** Everything is sealed, and bound to its row. */
export const isBound = (proof: string) => proof.startsWith('{"salt"')

/** What the row of a state says, also of one of an earlier schema. */
export function proofsIn(db: DatabaseSync): Proofs {
  const row = db.prepare('SELECT * FROM vault').get()
  return {
    proof: row === undefined ? plainProof : String(row.proof),
    next: row?.next == null ? undefined : String(row.next),
  }
}

/** What a proof says, opened with a key; undefined when it takes another one. */
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
 * What a sealing comes to with a key. A key is changed because it may have become known: it must not tell what prints
 * are made with from now on, so there is another layer.
 */
export function sealingWith(key: Key, now: Sealing): Sealing {
  const added = isPlain(now.proof) || isBound(now.proof) ? [drawnAtRandom(32)] : []
  const [salt, layers] = [drawnAtRandom(16), [...now.vault.layers, ...added]]
  const vault = keyed(key.bytes, salt, layers)
  const sealed = vault.seal(JSON.stringify({ layers, after: digestOf(now.proof) }), spot)
  return { proof: JSON.stringify({ salt, sealed }), vault }
}

/** What a sealing comes to without a key, which only its holder can say: a mark is sealed. */
export function plainAfter({ proof, vault }: Sealing): Sealing {
  const { layers } = vault
  const sealed = vault.seal(JSON.stringify({ after: digestOf(proof) }), spot)
  return { proof: JSON.stringify({ layers, sealed }), vault: plainVault(layers) }
}

/**
 * Refuses a `next` that was not written for this very proof: a row of another time is none. `now` may be unknown
 * where `next` is not plain.
 */
export function refuseForeign(proof: string, now: Sealing | undefined, next: Sealing): void {
  const opener = isPlain(next.proof) ? now : next
  const { sealed } = parsed(next.proof) as { sealed?: string }
  const said = opener && (parsed(opener.vault.open(String(sealed), spot)) as { after?: string })
  if (said?.after !== digestOf(proof))
    throw damaged('the state, in which the mark of a change of keys belongs elsewhere,')
}

/** The proof once everything was carried over. */
export function finalProof({ proof, vault: { layers } }: Sealing): string {
  return isPlain(proof) ? JSON.stringify({ layers }) : proof
}

function layersIn(said: unknown): readonly string[] {
  const { layers } = said as { layers?: unknown }
  if (Array.isArray(layers)) return layers.map(String)
  throw damaged('the state, in which the keys of its prints are missing,')
}
