// Many small groups over one Exchange: each has a public folder with two contacts, and one member.
import { groupOf, type Resource, secretOf, serverOf } from '../e2e/support.ts'
import type { Exchange } from '../exchange/exchange.ts'
import type { World } from '../exchange/world.ts'
import type { ControlPlane } from './control-plane.ts'

const password = 'many-secret'
const nameOf = (n: number) => `group-${String(n).padStart(3, '0')}`
const mailboxOf = (n: number) => `m${n}@corp.example`

/** The world of so many groups. */
export function worldOf(count: number): World {
  const numbers = Array.from({ length: count }, (_, n) => n)
  return {
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' },
      ...numbers.map((n) => ({ mailbox: mailboxOf(n), password })),
    ],
    publicFolders: numbers.map((n) => ({
      path: `/Company/${nameOf(n)}`,
      permissions: { 'sync@corp.example': 'PublishingEditor' as const },
      contacts: ['Ada', 'Ola'].map((GivenName) => ({ GivenName, Surname: `Of ${n}` })),
    })),
  }
}

/** The groups, with what they refer to, in the namespace sales. */
export function groupsOf(
  { url }: Exchange,
  from: number,
  to: number,
  spec: Resource = {},
): Resource[] {
  const numbers = Array.from({ length: to - from }, (_, n) => from + n)
  return [
    secretOf('account', { username: 'sync@corp.example', password }),
    serverOf(url),
    ...numbers.map((n) =>
      groupOf({
        name: nameOf(n),
        members: [{ mailbox: mailboxOf(n) }],
        spec: { hub: { publicFolder: `/Company/${nameOf(n)}` }, interval: '1m', ...spec },
      }),
    ),
  ]
}

/** How many of the members have both contacts, once. */
export function served({ store }: Exchange, count: number): number {
  return Array.from({ length: count }, (_, n) => n).filter((n) => {
    const folder = store.mailbox(mailboxOf(n)).folder(`Contacts/${nameOf(n)}`)
    return folder.exists() && folder.size() === 2
  }).length
}

/** Creates all of them, as fast as the API server takes them: kubectl holds itself back. */
export async function createAll(
  plane: ControlPlane,
  resources: readonly Resource[],
): Promise<void> {
  const left = [...resources] as { kind: string; metadata: { namespace: string } }[]
  const one = async () => {
    for (let each = left.shift(); each !== undefined; each = left.shift()) {
      const { kind, metadata } = each
      const root = kind === 'Secret' ? '/api/v1' : '/apis/exchangesync.dev/v1alpha1'
      const path = `${root}/namespaces/${metadata.namespace}/${kind.toLowerCase()}s`
      const { status, body } = await plane.raw('POST', path, each)
      if (status !== 201) throw new Error(`${path}: ${JSON.stringify(body)}`)
    }
  }
  await Promise.all(Array.from({ length: 10 }, one))
}
