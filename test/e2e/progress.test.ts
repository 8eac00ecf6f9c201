// A pass under way is visible in a directory: a first sync and the end of a group, slowed by an Exchange that holds requests
// back, and the rest of a process that was killed in the middle.
import { expect, test } from 'vitest'
import { type Exchange, startExchange } from '../exchange/exchange.ts'
import { exsync, groupOf, Place, readyOf, secretOf, serverOf, until } from './support.ts'

const password = 'progress-secret'
const people = ['anna', 'jan'].map((name) => ({ mailbox: `${name}@corp.example`, password }))
const contacts = Array.from({ length: 60 }, (_, n) => ({ GivenName: 'Ola', Surname: `S-${n}` }))
const name = 'company-contacts'

function started(): Promise<Exchange> {
  return startExchange({
    domain: 'corp.example',
    users: [{ mailbox: 'sync@corp.example', password, impersonates: 'all' }, ...people],
    publicFolders: [
      {
        path: '/Company/Contacts',
        permissions: { 'sync@corp.example': 'PublishingEditor' },
        contacts,
      },
    ],
  })
}

/** Holds the n-th request of this kind for a mailbox back, and all after it. */
function held({ inject }: Exchange, wanted: string, of: string, nth: number): () => void {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  let seen = 0
  inject(({ operation, mailbox }) => {
    if (operation !== wanted || mailbox !== of) return undefined
    seen += 1
    return seen < nth ? undefined : promise
  })
  return () => resolve(undefined)
}

test('a slow first sync, a killed process and the end of a group show how far they are', async () => {
  const exchange = await started()
  const members = people.map(({ mailbox }) => ({ mailbox, direction: 'OneWay' }))
  const servers = [
    serverOf(exchange.url),
    secretOf('account', { username: 'sync@corp.example', password }),
  ]
  const group = groupOf({ members, spec: { deletionPolicy: 'RemoveCopies' } })
  using place = new Place([...servers, group])

  let letGo = held(exchange, 'CreateItem', 'jan@corp.example', 2)
  const killed = place.start('run', '--metrics-bind-address=0', '--health-probe-bind-address=0')
  const text = '110 of 120 copies, 1 of 2 members done'
  await until('the first sync shows itself', () => readyOf(place.status(name))?.message === text)
  expect(place.status(name)?.conditions).toMatchObject([
    { type: 'Ready', status: 'Unknown', reason: 'Progressing', message: text },
    { type: 'Reconciling', status: 'True', reason: 'Progressing', message: text },
  ])
  expect(place.status(name)).toMatchObject({
    observedGeneration: -1,
    progress: { phase: 'Writing', done: 110, planned: 120, membersDone: 1, members: 2 },
  })
  expect(killed.said()).toContain('pass under way')
  expect(killed.said()).not.toContain('corp.example')
  killed.child.kill('SIGKILL')
  await killed.ended
  letGo()
  const shown = await exsync(['status', '--state', place.state]).ended
  expect(shown.code).toBe(1)
  expect(shown.stdout).toMatch(/PASS UNDER WAY\n.*110 of 120 copies, 1 of 2 members done; since/)

  exchange.inject(undefined)
  expect((await place.once()).code, place.statusText(name)).toBe(0)
  expect(readyOf(place.status(name))).toMatchObject({ status: 'True', reason: 'Succeeded' })
  expect(place.status(name)).not.toHaveProperty('progress')

  letGo = held(exchange, 'DeleteItem', 'jan@corp.example', 2)
  place.declare(servers)
  const ending = place.start('run', '--metrics-bind-address=0', '--health-probe-bind-address=0')
  const left = 'the group was deleted: at most 10 of 120 copies are left to remove, 1 of 2 members'
  const message = () => readyOf(place.status(name))?.message ?? ''
  await until('the end shows itself', () => message().startsWith(left))
  expect(readyOf(place.status(name))).toMatchObject({ status: 'False', reason: 'Progressing' })
  letGo()
  await until('the group has ended', () => place.statusText(name) === '')
  ending.child.kill('SIGTERM')
  expect((await ending.ended).code).toBe(0)
  await exchange.close()
})
