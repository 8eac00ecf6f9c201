// What the control plane's library may read: it loses the code of an error that comes where it expects none, takes
// any text for an id, and stops at characters that mailboxes hold. So an answer is read by our own parser, its
// errors by the table of all the others, and the library gets what is left, written out clean.
import type { SyncError } from '../core/sync-error.ts'
import { answerOf, errorOf, messagesOf } from './envelope.ts'
import { incomplete } from './operations.ts'
import { at, escaped, type Node, type Xml } from './xml.ts'

/** What Exchange makes ids of (exchange-protocol §2.2): anything else was damaged on its way. */
const idForm = /^[A-Za-z0-9+/=_-]+$/

const soap = 'http://schemas.xmlsoap.org/soap/envelope/'
const types = 'http://schemas.microsoft.com/exchange/services/2006/types'

/**
 * The answer to an operation of the control plane (FindFolder, GetFolder, CreateFolder), as XML for the library.
 * Throws the SyncError of the answer's first error, and `IncompleteAnswer` when it lacks what was asked for.
 */
export function readable(operation: string, envelope: Node): Xml {
  const answer = answerOf(envelope)
  const messages = messagesOf(answer)
  if (answer.name !== `${operation}Response` || messages.length === 0) throw incomplete(operation)
  for (const message of messages) {
    const error: SyncError | undefined = errorOf(message)
    if (error !== undefined) throw error
    if (!isWhole(message)) throw incomplete(operation)
  }
  return `<?xml version="1.0" encoding="utf-8"?>${xmlOf(envelope)}`
}

function isWhole(message: Node): boolean {
  const root = at(message, 'RootFolder')
  const folders = at(root ?? message, 'Folders')
  if (root !== undefined && root.attributes.IncludesLastItemInRange === undefined) return false
  // An empty page may come without the element; a folder that was asked for or made is there.
  const there = root !== undefined || (folders?.children.length ?? 0) > 0
  return there && (folders?.children ?? []).every(isFolder)
}

function isFolder(folder: Node): boolean {
  const ids = folder.children.filter(({ name }) => name.endsWith('FolderId'))
  const own = ids.some(({ name }) => name === 'FolderId')
  const isId = ({ attributes: { Id = '', ChangeKey = 'none' } }: Node) =>
    idForm.test(Id) && idForm.test(ChangeKey)
  return own && ids.every(isId)
}

// Prefixes are gone by now. The library tells SOAP's own elements from Exchange's by their namespace, and no more.
function xmlOf({ name, attributes, children, text }: Node, depth = 0): Xml {
  const space = depth === 0 ? ` xmlns="${soap}"` : depth === 2 ? ` xmlns="${types}"` : ''
  const rest = Object.entries(attributes)
    .filter(([key]) => !/^xmlns(:|$)/.test(key))
    .map(([key, value]) => ` ${local(key)}="${escaped(value)}"`)
  const inside = children.map((child) => xmlOf(child, depth + 1)).join('')
  const own = local(name)
  return `<${own}${space}${rest.join('')}>${inside === '' ? escaped(text) : inside}</${own}>`
}

function local(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1)
}
