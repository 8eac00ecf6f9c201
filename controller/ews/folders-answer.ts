// Cleans answers before the library of the control plane reads them. The library loses the code of an unexpected error,
// accepts any text as an id, and fails on characters that occur in mailboxes. So our own parser reads the answer, our own
// table reads its errors, and the library gets a clean copy.
import type { SyncError } from '../core/sync-error.ts'
import { answerOf, errorOf, messagesOf } from './envelope.ts'
import { incomplete } from './operations.ts'
import { at, escaped, type Node, type Xml } from './xml.ts'

/** The characters of Exchange's ids (exchange-protocol §2.2); an id with others was damaged on its way. */
const idForm = /^[A-Za-z0-9+/=_-]+$/

const soap = 'http://schemas.xmlsoap.org/soap/envelope/'
const types = 'http://schemas.microsoft.com/exchange/services/2006/types'

/**
 * The answer to an operation of the control plane (FindFolder, GetFolder, CreateFolder), as XML for the library. Throws
 * the SyncError of its first error, and `IncompleteAnswer` if it lacks the requested folder.
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
  // An empty page may omit the element. A folder that was requested or created must be there.
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

// Prefixes are dropped already. The library needs only the namespaces of SOAP and of Exchange's types.
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
