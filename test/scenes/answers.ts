// Answers of the embedded Exchange, changed on the way.
import type { Fault, Incoming } from '../exchange/http/fault.ts'
import type { Scene } from './scene.ts'

/** Is the request the operation, in that mailbox's name (`sync` for the hub)? */
export function asks({ operation, mailbox }: Incoming, what: string, who: string): boolean {
  return operation === what && mailbox === `${who}@corp.example`
}

/** The item's id and change key, as an answer names them. */
export function refXml(scene: Scene, where: string, name: string): string {
  const { id, changeKey } = scene.item(where, name)
  return `<t:ItemId Id="${id}" ChangeKey="${changeKey}"/>`
}

/** Which of the items that a request names is this one, from 0. */
export function indexIn(body: string, id: string): number {
  return [...body.matchAll(/<t:ItemId Id="([^"]+)"/g)].findIndex(([, each]) => each === id)
}

/** The answer of SyncFolderItems with these changes told as well. */
export function telling(changes: string): Fault {
  const change = (body: string) =>
    body
      .replace('<m:Changes/>', '<m:Changes></m:Changes>')
      .replace('</m:Changes>', `${changes}</m:Changes>`)
  return { kind: 'rewrite', as: change }
}
