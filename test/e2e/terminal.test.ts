// `exsync run --local` on a real pseudo-terminal (test/e2e/terminal.py needs Python): a first sync that an Exchange holds back,
// a terminal that becomes narrower, and Ctrl-C; then plain lines under NO_COLOR.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startExchange } from '../exchange/exchange.ts'
import { Screen } from '../support/screen.ts'
import {
  command,
  compiledEnvironment,
  groupOf,
  Place,
  secretOf,
  serverOf,
  until,
} from './support.ts'

const password = 'terminal-secret'
const anna = { mailbox: 'anna@corp.example', password }
const contacts = Array.from({ length: 60 }, (_, n) => ({ GivenName: 'Ola', Surname: `S-${n}` }))
const pty = fileURLToPath(new URL('terminal.py', import.meta.url))

/** The program on a terminal. `environment`: instead of what would keep it from drawing. */
function onTerminal(columns: number, rows: number, args: readonly string[], environment: object) {
  const { NO_COLOR: _, CI: __, ...env } = compiledEnvironment()
  const child = spawn('python3', [pty, String(columns), String(rows), ...command, ...args], {
    env: { ...env, TERM: 'xterm', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { child, ended, text: () => text }
}

test('a first sync is drawn in place; Ctrl-C leaves the log, and no board', async () => {
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [{ mailbox: 'sync@corp.example', password, impersonates: 'all' }, anna],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts,
      },
    ],
  })
  using place = new Place([
    serverOf(exchange.url),
    secretOf('account', { username: 'sync@corp.example', password }),
    groupOf({ members: [{ mailbox: anna.mailbox, direction: 'OneWay' }] }),
  ])
  const { promise, resolve: letGo } = Promise.withResolvers<undefined>()
  let seen = 0
  exchange.inject(({ operation }) => {
    if (operation !== 'CreateItem') return undefined
    seen += 1
    return seen === 2 ? promise : undefined
  })
  const run = ['run', '--local', place.local, '--state', place.state]
  const { child, ended, text } = onTerminal(100, 12, run, {})
  // Output that ends within a sequence is cut before it.
  const screen = () => new Screen(100, 12).write(text().replace(/\u001b[^AKJ]*$/, ''))
  const line = () => screen().all.find((each) => each.startsWith('sales/company-contacts  ')) ?? ''
  await until('the first sync is drawn', () =>
    /^sales\/company-contacts {2}writing {2}\d+ %, .* left, .*\/s, 50 of 60 copies, 0 of 1 member/.test(
      line(),
    ),
  )
  const { length } = text()
  child.stdin.write('size 30 5\n')
  // From the moment on at which the program knows it.
  const narrow = () =>
    text()
      .slice(length)
      .match(/1 group: 1 under way[^\n]*\r\n[^\n]*…\u001b\[K\r\n/g)
      ?.at(-1) ?? ''
  await until('the narrow board', () => narrow() !== '')
  for (const each of narrow().split('\r\n'))
    expect(each.replace('\u001b[K', '').length).toBeLessThan(30)
  child.stdin.write('size 100 12\n')
  letGo(undefined)
  await until('the group is ready', () =>
    line().includes('  ready  60 items, 1 of 1 members current'),
  )
  child.stdin.write('type "\\u0003"\n')
  expect(await ended).toBe(0)
  const all = screen().all.join('\n')
  expect(text()).toMatch(/Z started once=false\r\n/)
  expect(all).toMatch(/Z sales\/company-contacts: 60 items; copies: 60 created; 1 of 1 members/)
  expect(all).toMatch(/Z stopped\n$/)
  expect(all).not.toMatch(/1 group|\{"|corp\.example/)
  expect(screen().cursor.column).toBe(0)

  const plain = onTerminal(100, 12, [...run, '--once'], { NO_COLOR: '1' })
  expect(await plain.ended).toBe(0)
  expect(plain.text()).not.toContain('\u001b')
  expect(plain.text()).toMatch(
    /Z sales\/company-contacts: 60 items; no copy changed; 1 of 1 members current; \d/,
  )
  await exchange.close()
})
