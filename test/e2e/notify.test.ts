// `--notify-url` with a receiver that is down, fails, redirects, answers slowly or without end: no pass waits for it, and
// each change reaches it once it listens, signed, with the same id in every attempt.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startExchange } from '../exchange/exchange.ts'
import { freePort } from '../support/port.ts'
import { groupOf, Place, readyOf, secretOf, serverOf, until } from './support.ts'

const password = 'notify-password'
const token = 'token-in-the-path'
const secret = Buffer.from('0123456789abcdef0123456789abcdef')
const flags = ['--metrics-bind-address=0', '--health-probe-bind-address=0']
const name = 'company-contacts'

type Got = Readonly<{ id: string; type: string; reason: string; isSigned: boolean; text: string }>

/** A receiver; each of `answers` is given once, and then 204. */
class Receiver {
  readonly got: Got[] = []
  readonly answers: ((response: ServerResponse) => void)[] = []
  readonly #server = createServer((request, response) => {
    void this.#take(request, response)
  })

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request.setEncoding('utf8')) text += chunk
    const { headers, url, method } = request
    const [id, seconds] = [headers['webhook-id'], headers['webhook-timestamp']]
    const digest = createHmac('sha256', secret).update(`${id}.${seconds}.${text}`).digest('base64')
    const isRecent = Math.abs(Date.now() / 1000 - Number(seconds)) < 300
    const isSigned = headers['webhook-signature'] === `v1,${digest}` && isRecent
    const event = JSON.parse(text)
    expect([method, url, event.id]).toEqual(['POST', `/${token}`, id])
    expect(headers['content-type']).toBe('application/cloudevents+json; charset=utf-8')
    this.got.push({ id: event.id, type: event.type, reason: event.data.reason, isSigned, text })
    const answer = this.answers.shift()
    if (answer === undefined) response.writeHead(204).end()
    else answer(response)
  }
}

test('a stall, its end and a guard reach a receiver that is not well itself', async () => {
  const exchange = await startExchange({
    domain: 'corp.example',
    users: [
      { mailbox: 'sync@corp.example', password, impersonates: 'all' },
      { mailbox: 'anna@corp.example', password },
    ],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts: [
          { GivenName: 'Ola', Surname: 'S' },
          { GivenName: 'Ewa', Surname: 'S' },
        ],
      },
    ],
  })
  const declared = [
    serverOf(exchange.url),
    groupOf({
      members: [{ mailbox: 'anna@corp.example' }],
      spec: { guard: { deletions: { maxCount: 0, maxPercent: 0 } } },
    }),
  ]
  using place = new Place(declared)
  const file = join(place.local, 'notify-secret')
  writeFileSync(file, `whsec_${secret.toString('base64')}\n`, { mode: 0o600 })
  const [receiver, trap] = [new Receiver(), new Receiver()]
  const [port, trapPort] = [await freePort(), await freePort()]
  await trap.listen(trapPort)
  receiver.answers.push(
    (response) => response.writeHead(503).end('try again'),
    (response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${trapPort}/${token}` }).end(),
    (response) => {
      // It ends when the other side has enough of it.
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.writeHead(200).on('drain', pour)
      pour()
    },
    // It says nothing for a while.
    (response) => void setTimeout(() => response.writeHead(200).end(), 300),
  )
  const notify = ['--notify-url', `http://127.0.0.1:${port}/${token}`, '--notify-secret-file', file]
  const running = place.start('run', ...flags, ...notify)
  await until('the receiver is missed', () => running.said().includes('notice not sent'))
  expect(readyOf(place.status(name))?.reason).toBe('SecretNotFound')
  await receiver.listen(port)
  await until('both stalls are accepted', () => running.said().split('notice sent').length === 3)
  const types = (from = 0) =>
    receiver.got.slice(from).map(({ type }) => type.replace('dev.exchangesync.', ''))
  expect(new Set(types())).toEqual(new Set(['group.stalled', 'server.stalled']))
  expect(receiver.got).toHaveLength(4)
  expect(new Set(receiver.got.map(({ id }) => id)).size).toBe(2)
  expect(receiver.got.map(({ reason }) => reason)).toEqual(Array(4).fill('SecretNotFound'))

  place.declare([...declared, secretOf('account', { username: 'sync@corp.example', password })])
  await until('both are well again', () => receiver.got.length === 6)
  expect(new Set(types(4))).toEqual(new Set(['group.healed', 'server.healed']))
  expect(readyOf(place.status(name))?.status).toBe('True')

  const folder = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
  folder.delete(folder.items()[0]?.id ?? '')
  await until('the guard asks', () => receiver.got.length === 7)
  const [asked] = receiver.got.slice(6)
  const { hash } = place.status(name)?.guard ?? {}
  expect(JSON.parse(asked?.text ?? '')).toMatchObject({
    type: 'dev.exchangesync.group.guarded',
    data: {
      guard: { hash, on: 'SyncGroup', refusals: [{ reason: 'Deletions', count: 1, limit: 0 }] },
    },
  })
  running.child.kill('SIGTERM')
  const { code, stdout, stderr } = await running.ended
  expect([code, stderr]).toEqual([0, ''])

  // A process with one pass waits for the receiver at its end. The account is forbidden meanwhile.
  place.declare(declared)
  const last = await place.start('run', '--once', ...notify).ended
  expect(last.code).toBe(1)
  expect(types(7)).toEqual(['group.stalled'])
  const again = await place.start('run', '--once', ...notify).ended
  expect([again.code, receiver.got.length]).toEqual([1, 8])

  expect(receiver.got.map(({ isSigned }) => isSigned)).toEqual(Array(8).fill(true))
  expect(trap.got).toEqual([])
  const said = [stdout, last.stdout, last.stderr, again.stdout].join('\n')
  expect(said).not.toContain(token)
  expect(receiver.got.map(({ text }) => text).join('\n')).not.toContain('corp.example')
  await Promise.all([receiver.close(), trap.close(), exchange.close()])
})
