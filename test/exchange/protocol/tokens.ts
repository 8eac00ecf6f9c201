// Sync states: opaque to clients, and worth something only here, for this folder, as long as the server
// remembers. Whatever has been cut, altered, or taken from elsewhere is refused.
import { createHash } from 'node:crypto'
import type { Folder } from '../store/item.ts'
import { EwsError } from './errors.ts'

/** What kind of synchronisation a state belongs to. */
export type TokenKind = 'items' | 'hierarchy'

/** The state that stands for these numbers. */
export function tokenOf(kind: TokenKind, folder: Folder, numbers: readonly number[]): string {
  const content = `${kind} ${folder.id} ${folder.box.epoch} ${numbers.join(' ')}`
  return Buffer.from(`${content} ${seal(folder, content)}`).toString('base64')
}

/** The numbers in a state. Throws `ErrorInvalidSyncStateData`. */
export function numbersIn(token: string, kind: TokenKind, folder: Folder): number[] {
  const text = Buffer.from(token, 'base64').toString()
  const at = text.lastIndexOf(' ')
  const content = text.slice(0, at)
  const [foundKind, id, epoch, ...numbers] = content.split(' ')
  const own =
    foundKind === kind &&
    id === folder.id &&
    Number(epoch) === folder.box.epoch &&
    Buffer.from(text).toString('base64') === token.trim() &&
    text.slice(at + 1) === seal(folder, content)
  if (!own) throw new EwsError('ErrorInvalidSyncStateData')
  return numbers.map(Number)
}

function seal(folder: Folder, content: string): string {
  return createHash('sha256').update(`${folder.box.ids.guid} ${content}`).digest('hex')
}
