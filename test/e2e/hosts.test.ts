// In a directory too servers are only where --allowed-server-hosts says, for a pass and for a plan; no connection is made.
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { groupOf, Place, secretOf, serverOf } from './support.ts'

test('a server on another host is refused before there is a connection', async () => {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const url = `http://127.0.0.1:${port}/EWS/Exchange.asmx`
  // A Secret of a directory needs no label.
  const secret = { ...secretOf('account', { username: 'sync', password: 'x' }) }
  using place = new Place([
    { ...secret, metadata: { name: 'account', namespace: 'sales' } },
    serverOf(url),
    groupOf({ members: [] }),
  ])
  const hosts = [
    '--allowed-server-hosts',
    'mail.corp.example',
    '--allowed-server-hosts',
    '*.corp.net',
  ]
  const run = await place.start('run', '--once', ...hosts).ended
  expect(run.code).toBe(1)
  const reasons = place.status('company-contacts')?.conditions?.map(({ reason }) => reason)
  expect(reasons).toEqual(['HostNotAllowed', 'HostNotAllowed'])
  const plan = await place.start('plan', ...hosts).ended
  expect(plan).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/error {2}HostNotAllowed: /),
  })
  expect(connections).toBe(0)

  // Where any host goes, and where this one is named, the owner of the directory is told what is wrong.
  for (const more of [[], ['--allowed-server-hosts', '127.0.0.1']]) {
    const { stdout } = await place.start('plan', ...more).ended
    expect(stdout).toMatch(/error {2}ConnectionLost: /)
  }
  expect(connections).toBeGreaterThan(0)
})
