// Members are told apart by mailbox and publicFolder, up to version 0.1 by mailbox only. A group that was applied then, and the
// managed fields that the API server keeps of it, go on: the same manifest applies again, and so do its changes.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { groupOf } from '../e2e/support.ts'
import type { Json } from './control-plane.ts'
import { until } from './controller.ts'
import { Cluster } from './fixture.ts'
import { crds } from './mistakes.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await Cluster.start(null)
  await cluster.kubectl('create', 'namespace', 'sales')
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

const name = 'company-contacts'
const anna = { mailbox: 'anna@corp.example' }
const jan = { mailbox: 'jan@corp.example' }
const ewa = { mailbox: 'ewa@corp.example' }

/** The definition as version 0.1 had it, as far as the members are concerned. */
function former(): Json {
  const crd = structuredClone(crds.find(({ spec }) => spec.names.kind === 'SyncGroup'))
  const { spec } = crd.spec.versions[0].schema.openAPIV3Schema.properties
  delete spec['x-kubernetes-validations']
  const { members } = spec.properties
  members['x-kubernetes-list-map-keys'] = ['mailbox']
  members['x-kubernetes-validations'] = []
  const { items } = members
  items.required = ['mailbox']
  items['x-kubernetes-validations'] = []
  delete items.properties.publicFolder
  delete items.properties.mailbox.default
  return crd
}

async function applied(manager: string, resource: object): Promise<void> {
  const args = ['apply', '--server-side', '--force-conflicts', `--field-manager=${manager}`]
  const { code, stderr } = await cluster.tried('kubectl', [...args, '-f', '-'], stringify(resource))
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('rror')])
}

/** Defines the kind, and waits until the API server serves it so. */
async function defined(crd: Json): Promise<void> {
  await applied('helm', crd)
  const has = 'publicFolder' in itemsOf(crd).properties
  await until('the definition is served', async () => {
    const { code, stdout } = await cluster.tried('kubectl', ['explain', 'syncgroup.spec.members'])
    return code === 0 && stdout.includes('publicFolder') === has
  })
}

function itemsOf(crd: Json): Json {
  return crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.members.items
}

async function members(): Promise<readonly Json[]> {
  return (await cluster.get('sg', name)).spec.members
}

const now = () => crds.find(({ spec }) => spec.names.kind === 'SyncGroup') as Json
const whole = (member: object) => ({ mailbox: '', publicFolder: '', ...member })
const group = (...all: readonly Readonly<Record<string, unknown>>[]) => groupOf({ members: all })

test('what was applied before goes on under the new definition, and its manifest applies again', async () => {
  await defined(former())
  await applied('flux', group(anna, jan, ewa))
  expect(await members()).toEqual([anna, jan, ewa])
  await defined(now())
  expect(await members()).toEqual([anna, jan, ewa].map(whole))
  await applied('flux', group(anna, jan, ewa))
  expect(await members()).toEqual([anna, jan, ewa].map(whole))
})

test('a member that its manager takes out goes, one that it changes is changed, and a public folder joins', async () => {
  const branch = { publicFolder: '/Branches/Cracow' }
  await applied('flux', group(anna, { ...ewa, direction: 'OneWay' }, branch))
  expect(await members()).toEqual([anna, { ...ewa, direction: 'OneWay' }, branch].map(whole))
})

// The API server looks for what a manager gave up by the keys of then. So a manifest is applied once as it was, first.
test('a member that is taken out by the very first server-side apply after the upgrade stays', async () => {
  await cluster.kubectl('delete', 'sg', name, '-n', 'sales')
  await cluster.kubectl('delete', 'crd', 'syncgroups.exchangesync.dev')
  await defined(former())
  await applied('flux', group(anna, jan, ewa))
  await defined(now())
  await applied('flux', group(anna, jan))
  expect(await members()).toEqual([anna, jan, ewa].map(whole))
  // Once more with it, and then without.
  await applied('flux', group(anna, jan, ewa))
  await applied('flux', group(anna, jan))
  expect(await members()).toEqual([anna, jan].map(whole))
})

test('what kubectl applied itself, by its own annotation, goes on as well', async () => {
  await cluster.kubectl('delete', 'sg', name, '-n', 'sales')
  await cluster.kubectl('delete', 'crd', 'syncgroups.exchangesync.dev')
  await defined(former())
  await cluster.apply([group(anna, jan)])
  await defined(now())
  await cluster.apply([group(anna)])
  expect(await members()).toEqual([anna].map(whole))
})
