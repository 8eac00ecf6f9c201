// docs/something-went-wrong.md: every command of the page, in its order, by the real program, after a phone wiped the notes of
// some contacts and somebody deleted one. Numbers, times, passes and places of the page stand for those of the test.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startExchange } from '../exchange/exchange.ts'
import { exsync, groupOf, Place, secretOf, serverOf } from './support.ts'

const page = readFileSync(
  fileURLToPath(new URL('../../docs/something-went-wrong.md', import.meta.url)),
  'utf8',
)
/** The commands as they stand there. */
const commands = [...page.matchAll(/`(exsync [^`]+)`/g)].map(([, text = '']) => text)
const password = 'page-secret'
const anna = 'anna@corp.example'

/** Which exit code a command has: dry runs find something to do, and who is to be forgotten is shown first. */
function codeOf(command: string): number {
  return /--dry-run|^exsync forget(?!.*--yes)/.test(command) ? 2 : 0
}

test('the page has the commands that undo, prove, keep and forget', () => {
  const verbs = commands.map((command) => command.split(' ').slice(1, 3).join(' '))
  for (const verb of ['history --replica', 'bin list', 'bin restore', 'rollback --group'])
    expect(verbs).toContain(verb)
  for (const verb of ['verify', 'backup', 'restore-state', 'forget'])
    expect(verbs.some((each) => each.startsWith(`${verb} `))).toBe(true)
})

test('every command of the page does what it says', async () => {
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' as const },
      { mailbox: anna, password },
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' as const },
        contacts: Array.from({ length: 30 }, (_, n) => ({
          GivenName: `Jan${n}`,
          Surname: 'Nowak',
          Body: { type: 'Text', text: `note ${n}` },
        })),
      },
    ],
  })
  using place = new Place([
    serverOf(exchange.url),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members: [{ mailbox: anna }], spec: {} }),
  ])
  const done = async (args: readonly string[], code: number) => {
    const ended = await exsync(args).ended
    expect(ended.code, [args.join(' '), ended.stdout, ended.stderr].join('\n')).toBe(code)
    return ended.stdout
  }
  const pass = () => done(['run', '--once', '--local', place.local, '--state', place.state], 0)
  try {
    await pass()
    const moment = new Date().toISOString()
    const folder = exchange.store.mailbox(anna).folder('Contacts/Contacts')
    const [first, ...rest] = folder.items()
    for (const { id } of rest.slice(0, 5)) folder.update(id, { Body: { type: 'Text', text: 'no' } })
    // Who asks to be forgotten is not in a folder any more.
    folder.update(first?.id ?? '', { EmailAddress1: anna })
    await pass()
    folder.delete(folder.items().find(({ contact }) => contact.GivenName === 'Jan0')?.id ?? '')
    await pass()
    const { history } = JSON.parse(
      await done(['history', '-o', 'json', '--state', place.state], 0),
    ) as {
      history: readonly Readonly<{ n: number; pass: string; fields: readonly string[] }>[]
    }
    const wiped = history.filter(({ fields }) => fields.includes('Body')).map(({ n }) => n)
    const [last = 0, next = 0] = [Math.max(...wiped), Math.min(...wiped)]
    const given = (text: string) =>
      text
        .replace('STATE/exsync.db.before-TIME', () => join(place.state, asideIn(place.state)))
        .replace(/^STATE$/, place.state)
        .replace(/^DIR$/, place.local)
        .replace(/^FILE$/, join(place.local, 'backup.db'))
        .replace(/^PASS$/, history.find(({ n }) => n === last)?.pass ?? '')
        .replace(/^17$/, String(last))
        .replace(/^20-25$/, `${next}-${next + 1}`)
        .replace(/^\d{4}-\d\d-\d\dT[\d:]+Z$/, moment)
        .replace(/^'(.*)'$/, '$1')
    for (const command of commands) {
      if (/^exsync (verify|forget)/.test(command)) await pass()
      const args = command.split(' ').slice(1).map(given)
      if (!args.includes('--state')) args.push('--state', place.state)
      const said = await done(args, codeOf(command))
      expect(said, command).not.toBe('')
    }
  } finally {
    await exchange.close()
  }
}, 240_000)

function asideIn(state: string): string {
  return readdirSync(state).find((name) => name.startsWith('exsync.db.before-')) ?? ''
}
