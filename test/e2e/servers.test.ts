// ExchangeServers of a directory: probed while the controller runs, each with a status file beside the groups', which
// `exsync status` shows.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { ExchangeServerStatus } from '../../controller/api/resources.generated.ts'
import { startExchange } from '../exchange/exchange.ts'
import { freePort } from '../support/port.ts'
import { members, password, worldOf } from './crash-world.ts'
import {
  exsync,
  groupOf,
  Place,
  type Resource,
  type Running,
  readyOf,
  secretOf,
  serverOf,
  until,
} from './support.ts'

const username = 'sync@corp.example'
const account = secretOf('account', { username, password })
const group = groupOf({ members })
const broken = { ...serverOf('ftp://nowhere'), metadata: { name: 'broken', namespace: 'sales' } }

test.concurrent('the right credentials make it Ready, and its file goes when it is taken out', async () => {
  const exchange = await startExchange(worldOf())
  using place = new Place([account, serverOf(exchange.url), broken, group])
  const running = place.start('run')
  try {
    await until('the server is Ready', () => of(place)?.status === 'True')
    expect(statusOf(place)).toMatchObject({
      observedGeneration: 1,
      conditions: [{ type: 'Ready', reason: 'Succeeded', observedGeneration: 1 }],
      version: expect.stringMatching(/^15\./),
    })
    await until('the group is Ready', () => readyOf(place.status('company-contacts')) !== undefined)
    await until('the server that is not valid says so', () => of(place, 'broken') !== undefined)
    expect(of(place, 'broken')).toMatchObject({ status: 'False', reason: 'InvalidSpec' })
    expect(of(place, 'broken')?.message).toMatch(/all\.yaml:\d+:\d+: spec\.url/)

    const { stdout } = await exsync(['status', '--state', place.state]).ended
    expect(stdout).toMatch(/^GROUP .*\nsales\/company-contacts /m)
    expect(stdout).toMatch(/\n\nSERVER +READY +VERSION +MESSAGE\nsales\/broken +False /)
    expect(stdout).toMatch(/\nsales\/corp +True +15\.\S+ +the server answers/)

    place.declare([account, serverOf(exchange.url, { interval: '1h' }), group])
    await until(
      'another spec is another generation',
      () => statusOf(place)?.observedGeneration === 2,
    )
    await until(
      'the file of the other one goes',
      () => !filesIn(place).includes('sales.broken.yaml'),
    )

    // A file that says nothing takes nothing out.
    place.write('all.yaml', '# to be written\n')
    await until('the doubt is reported', () => of(place)?.reason === 'InvalidSpec')
    place.declare([account, group])
    await until('its file goes', () => filesIn(place).length === 0)
  } finally {
    await stopped(running)
    await exchange.close()
  }
})

test.concurrent('a wrong password makes it Stalled, with one request, until it is corrected', async () => {
  const exchange = await startExchange(worldOf())
  const wrong = secretOf('account', { username, password: 'wrong' })
  let refused = 0
  exchange.inject(({ user }) => {
    if (user === undefined) refused += 1
    return undefined
  })
  using place = new Place([wrong, serverOf(exchange.url), group])
  const running = place.start('run')
  try {
    await until('the server is Stalled', () => stalled(place)?.status === 'True')
    expect(of(place)).toMatchObject({ status: 'False', reason: 'AuthenticationFailed' })
    await until('its group says so', () => {
      const reason = readyOf(place.status('company-contacts'))?.reason
      return reason === 'AuthenticationFailed'
    })
    expect(refused).toBe(1)
    place.declare([account, serverOf(exchange.url), group])
    await until('it is Ready', () => of(place)?.status === 'True')
    expect(stalled(place)).toBeUndefined()
  } finally {
    await stopped(running)
    await exchange.close()
  }
})

test.concurrent('a server that is down is not Ready, and Ready again when it is back; the metrics say both', async () => {
  const exchange = await startExchange(worldOf())
  using place = new Place([account, serverOf(exchange.url, { interval: '1s' }), group])
  const port = await freePort()
  const ready = async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    const sample =
      /^exsync_resource_condition\{kind="ExchangeServer",namespace="sales",name="corp",type="Ready",status="True"\} (.*)$/m
    return sample.exec(text)?.[1]
  }
  const running = place.start('run', '--metrics-bind-address', `127.0.0.1:${port}`)
  try {
    await until('the server is Ready', () => of(place)?.status === 'True')
    expect(await ready()).toBe('1')
    const since = of(place)?.lastTransitionTime
    exchange.inject(() => ({ kind: 'drop', when: 'before' }))
    await until('it is not Ready', () => of(place)?.status === 'False')
    expect(of(place)).toMatchObject({ reason: 'ConnectionLost' })
    expect(stalled(place)).toBeUndefined()
    await until('the metrics say so', async () => (await ready()) === '0')
    expect(statusOf(place)?.version, 'the version that it told last').toMatch(/^15\./)
    exchange.inject(undefined)
    await until('it is Ready again', () => of(place)?.status === 'True')
    expect(Date.parse(String(of(place)?.lastTransitionTime))).toBeGreaterThanOrEqual(
      Date.parse(String(since)),
    )
    await until('the log says it', () => /ConnectionLost/.test(running.said()))
  } finally {
    await stopped(running)
    await exchange.close()
  }
})

test.concurrent('--once probes no server, and leaves the files of a former run alone', async () => {
  const exchange = await startExchange(worldOf())
  using place = new Place([account, serverOf(exchange.url), group] satisfies Resource[])
  expect((await place.once()).code).toBe(0)
  expect(existsSync(join(place.state, 'status', 'exchangeservers'))).toBe(false)
  await exchange.close()
})

function filesIn(place: Place): readonly string[] {
  return readdirSync(join(place.state, 'status', 'exchangeservers'))
}

function statusOf(place: Place, name = 'corp'): ExchangeServerStatus | undefined {
  const file = join(place.state, 'status', 'exchangeservers', `sales.${name}.yaml`)
  return existsSync(file) ? parse(readFileSync(file, 'utf8'))?.status : undefined
}

function conditionOf(place: Place, type: string, name?: string) {
  return statusOf(place, name)?.conditions?.find((each) => each.type === type)
}

function of(place: Place, name?: string) {
  return conditionOf(place, 'Ready', name)
}

function stalled(place: Place) {
  return conditionOf(place, 'Stalled')
}

async function stopped({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM')
  await ended
}
