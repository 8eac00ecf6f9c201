// Changes the sealing of a state. A start finishes changes that lead to its own key, `exsync rekey` all others:
//
//   plain ───a key──► bound ──another key──► bound
//   unbound ─────────►  └────no key──► plain
import type { DatabaseSync } from 'node:sqlite'
import { finished } from '../core/work.ts'
import { carrying, clean, type Progress, type Sealed } from './carry.ts'
import type { Vault } from './encryption.ts'
import { locked, unfinished, wrongKey } from './errors.ts'
import {
  isBound,
  isPlain,
  type Key,
  openedBy,
  plainAfter,
  proofsIn,
  refuseForeign,
  type Sealing,
  sealingWith,
} from './proof.ts'
import { type Change, changeOf } from './spots.ts'

/**
 * The vault for a process that only reads. While a start seals or binds, it opens both forms. Throws a terminal SyncError:
 * StateLocked, WrongKey, RekeyUnfinished.
 */
export function readingVault(db: DatabaseSync, key: Key | undefined, directory: string): Vault {
  const { now, next } = unlocked(db, key, directory)
  return next === undefined ? now.vault : either(changeOf(now.vault, next.vault))
}

/**
 * Brings a state to its key: seals plain content, binds unbound content, and continues an interrupted change, one batch
 * per step. Throws as `readingVault` does. `told` is called only if something changes.
 */
export function* settling(
  state: Sealed,
  key: Key | undefined,
  told: Progress = () => {},
): Generator<void, Vault> {
  const { now, next } = unlocked(state.db, key, state.directory)
  const wanted =
    next ?? (key === undefined || isBound(now.proof) ? undefined : sealingWith(key, now))
  if (wanted !== undefined) yield* carrying(state, now, wanted, told)
  clean(state)
  return wanted?.vault ?? now.vault
}

/**
 * Changes the key of a state, or removes it (`wanted` undefined); continues an interrupted change. Answers false if the
 * state is already as wanted. Throws as `readingVault` does.
 */
export function rekeyed(
  state: Sealed,
  old: Key | undefined,
  wanted: Key | undefined,
  told: Progress,
): boolean {
  const { db, directory } = state
  const keys = [old, wanted].filter((key) => key !== undefined)
  let { proof, next } = proofsIn(db)
  const unsettled = !isBound(proof) && (!isPlain(proof) || next !== undefined)
  if (unsettled) {
    // First do what a start would do.
    const key = keys.find((each) => openedBy(next ?? proof, each)) ?? old
    finished(settling(state, key, told))
    ;({ proof, next } = proofsIn(db))
  }
  if (next === undefined && isAs(proof, wanted)) {
    clean(state)
    return unsettled
  }
  const now = openedBy(proof, old)
  if (next === undefined) {
    if (now === undefined) throw old === undefined ? locked() : wrongKey()
    const then = wanted === undefined ? plainAfter(now) : sealingWith(wanted, now)
    finished(carrying(state, now, then, told))
  } else {
    const then = isPlain(next) === (wanted === undefined) ? openedBy(next, wanted) : undefined
    if (now === undefined || then === undefined) throw cutShort(proof, next, keys, directory)
    refuseForeign(proof, now, then)
    finished(carrying(state, now, then, told))
  }
  clean(state)
  return true
}

function unlocked(
  db: DatabaseSync,
  key: Key | undefined,
  directory: string,
): Readonly<{ now: Sealing; next: Sealing | undefined }> {
  const { proof, next } = proofsIn(db)
  if (next !== undefined && isBound(proof))
    throw cutShort(proof, next, key === undefined ? [] : [key], directory)
  const now = openedBy(proof, key)
  const then = next === undefined ? undefined : openedBy(next, key)
  if (now === undefined || (next !== undefined && then === undefined))
    throw key === undefined ? locked() : wrongKey()
  if (then !== undefined) refuseForeign(proof, now, then)
  return { now, next: then }
}

function isAs(proof: string, wanted: Key | undefined): boolean {
  return wanted === undefined ? isPlain(proof) : isBound(proof) && !!openedBy(proof, wanted)
}

function cutShort(proof: string, next: string, keys: readonly Key[], directory: string): unknown {
  const from = keys.find((key) => openedBy(proof, key))
  const to = isPlain(next) ? undefined : keys.find((key) => openedBy(next, key))
  if (keys.length > 0 && from === undefined && to === undefined) return wrongKey()
  const then = isPlain(next) && from === undefined ? undefined : openedBy(next, to)
  if (then !== undefined) refuseForeign(proof, openedBy(proof, from), then)
  const into = isPlain(next) ? '--plain' : `--new-key-file ${quoted(to?.file ?? 'NEW')}`
  const command = `exsync rekey --state ${quoted(directory)} --key-file ${quoted(from?.file ?? 'OLD')}`
  return unfinished(`${command} ${into}`)
}

// Quotes a word for a shell.
function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function either({ from, to, print }: Change): Vault {
  return {
    ...to,
    open: (sealed, at) => {
      try {
        return to.open(sealed, at)
      } catch {
        return from.open(sealed, at)
      }
    },
    carriedFingerprint: print,
  }
}
