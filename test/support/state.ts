// What the tests of the state have in common: a directory each, and a group with one link.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Agreement } from '../../controller/core/fold.ts'
import type { GroupId, ItemId, LinkId, ReplicaId, Version } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import type { Copy } from '../../controller/core/model.ts'
import type { Key } from '../../controller/store/proof.ts'
import type { SqliteState } from '../../controller/store/state.ts'
import type { Kept } from '../../controller/sync/ports.ts'

export const group = 'ns/g' as GroupId
export const ann = 'ann' as ReplicaId
export const link = 'link' as LinkId
export const at = { timeMs: 1, pass: 'p' }

/** A copy of that id. */
export const copy = (id: string, revision = 1): Copy => ({
  id: id as ItemId,
  version: 'v' as Version,
  revision,
  shown: {},
})

/** What is agreed of the link at first. */
export const agreement: Agreement = {
  link,
  revision: 1,
  agreed: { GivenName: 'Ewa' },
  editedMs: undefined,
  aliases: [],
  base: undefined,
  copies: new Map([[ann, copy('A')]]),
  dropped: [],
  declined: [],
}

/** Something that was deleted. */
export const deleted = (item: Item, of = link): Kept => ({
  link: of,
  replica: ann,
  loss: 'v1',
  reason: 'Deleted',
  fields: [],
  item,
})

const directories: string[] = []

/** A directory that is gone after the test. */
export function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'exsync-state-'))
  directories.push(made)
  return made
}

afterEach(() => {
  for (const each of directories.splice(0)) rmSync(each, { recursive: true })
})

/** A key of 32 equal bytes, as it is read from a file of that name. */
export const keyOfBytes = (byte: number, file = `key-${byte}`): Key => ({
  bytes: Buffer.alloc(32, byte),
  file,
})

/** The bytes of all files in a directory, by name. */
export function bytesIn(place: string): ReadonlyMap<string, string> {
  const names = readdirSync(place).sort()
  return new Map(names.map((name) => [name, readFileSync(join(place, name)).toString('latin1')]))
}

/** Lets everything go that is older than this (ms): a day of recorded time passes, and all is kept for a day. */
export function outlive(state: Pick<SqliteState, 'prune'>, beforeMs: number): void {
  const day = 86_400_000
  for (const nowMs of [beforeMs, beforeMs + day]) state.prune(nowMs, { binMs: day, historyMs: day })
}
