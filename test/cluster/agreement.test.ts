// `exsync validate` and a real API server must say the same of every declaration: each rule and each bound of the CRDs,
// on what is right, on what has one wrong thing, and on what has two. What the server serves of our kinds is what the
// CRDs say, and explains every field.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { pathText } from '../../controller/validation/problem.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { groupSpec, type Json, serverSpec } from '../support/declared.ts'
import { all } from './at-once.ts'
import type { Json as Any } from './control-plane.ts'
import { Cluster } from './fixture.ts'
import { type Kind, type Mistake, mistaken, mistakesOf, nodesOf, schemaOf } from './mistakes.ts'

const apiVersion = 'exchangesync.dev/v1alpha1'
const API = `/apis/${apiVersion}`
const SEED = Number(process.env.SEED ?? 1)
/** How many are valid, and how many have two wrong things, of each kind. */
const RUNS = Number(process.env.RUNS ?? 300)

const kinds = ['SyncGroup', 'ExchangeServer'] as const
const plurals: Readonly<Record<Kind, string>> = {
  SyncGroup: 'syncgroups',
  ExchangeServer: 'exchangeservers',
}
const specs: Readonly<Record<Kind, fc.Arbitrary<Json>>> = {
  SyncGroup: groupSpec,
  ExchangeServer: serverSpec,
}

type Case = Readonly<{ kind: Kind; object: unknown; mistakes: readonly Mistake[] }>
type Served = ReturnType<typeof schemaOf>
type Cause = Readonly<{ path: string; message: string }>
type Verdict = Readonly<{ accepts: boolean; causes: readonly Cause[]; said: string }>
type Judged = Case & Readonly<{ server: Verdict; offline: Verdict }>

let cluster: Cluster
let judged: readonly Judged[]

beforeAll(judge)
afterAll(() => cluster?.[Symbol.asyncDispose]())

describe(`SEED=${SEED} RUNS=${RUNS}`, () => {
  test('the generator reaches what it is for', () => {
    expect(judged.length).toBeGreaterThanOrEqual(1000)
    const accepted = judged.filter(({ server }) => server.accepts)
    expect(accepted.length / judged.length).toBeGreaterThan(0.25)
    expect(accepted.length / judged.length).toBeLessThan(0.75)
    // What was generated to be valid is, with the server as the judge.
    const sound = judged.filter(({ mistakes }) => mistakes.length === 0)
    expect(sound.filter(({ server }) => !server.accepts).map(shown)).toEqual([])
  })

  test('both accept the same, and refuse the same', () => {
    const different = judged.filter(({ server, offline }) => server.accepts !== offline.accepts)
    expect(different.map(shown)).toEqual([])
  })

  test('what the server points at, validate points at too', () => {
    const unnamed = judged
      .filter(({ server, offline }) => !server.accepts && !offline.accepts)
      // Of what is not known to be of our kinds nothing else is said.
      .filter(({ offline }) => !offline.causes.some(({ path }) => /^(apiVersion|kind)$/.test(path)))
      .filter(({ kind, server, offline }) =>
        server.causes.some(
          (cause) =>
            !offline.causes.some((each) => covers(each, cause.path)) &&
            !consequent(kind, cause, offline),
        ),
      )
    expect(unnamed.map(shown)).toEqual([])
  })

  test('every rule in CEL was a reason of the server’s, and of validate’s', () => {
    const rules = kinds.flatMap(rulesOf)
    expect(rules.length).toBeGreaterThan(15)
    const met = (by: 'server' | 'offline', { kind, path, message }: (typeof rules)[number]) =>
      judged.some(
        (each) =>
          each.kind === kind &&
          each[by].causes.some(
            (cause) => within(cause.path, path) && cause.message.includes(message),
          ),
      )
    expect(rules.filter((rule) => !met('server', rule))).toEqual([])
    expect(rules.filter((rule) => !met('offline', rule))).toEqual([])
  })
})

const group = { serverRef: { name: 'corp' }, hub: { publicFolder: '/Company/Contacts' } }
const refusals: readonly (readonly [string, Kind, Json, RegExp])[] = [
  ['a field is unknown', 'SyncGroup', { ...group, membres: [] }, /\bspec\.membres\b/],
  [
    'a mailbox is there twice',
    'SyncGroup',
    { ...group, members: [{ mailbox: 'anna@corp.example' }, { mailbox: 'ANNA@Corp.Example' }] },
    /spec\.members: Invalid value: .*upper and lower case are the same/s,
  ],
  [
    'a duration is too short',
    'SyncGroup',
    { ...group, interval: '500ms' },
    /spec\.interval: .*must be a duration from 1s to 24h, like 30s or 1m30s/,
  ],
  ['the hub is missing', 'SyncGroup', { serverRef: { name: 'corp' } }, /spec\.hub: Required value/],
  [
    'a URL is not secure',
    'ExchangeServer',
    { url: 'http://mail/', auth: { type: 'Basic', secretRef: { name: 'login' } } },
    /spec\.url: .*must start with https:\/\//,
  ],
]

test.each(refusals)('kubectl says what is wrong when %s', async (_, kind, spec, said) => {
  const file = join(cluster.folder(), 'wrong.yaml')
  const metadata = { name: 'wrong', namespace: 'default' }
  writeFileSync(file, stringify({ apiVersion, kind, metadata, spec }))
  for (const way of [['--server-side'], []]) {
    const args = ['apply', '--dry-run=server', ...way, '-f', file]
    const { code, stderr } = await cluster.tried('kubectl', args)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(said)
  }
})

describe('what is served', () => {
  test.each(kinds)('of %s is explained, field by field', async (kind) => {
    const { status, body } = await cluster.plane.raw('GET', `/openapi/v3${API}`)
    expect(status).toBe(200)
    const schemas: Readonly<Record<string, Served>> = body.components.schemas
    const [, own] = Object.entries(schemas).find(([name]) => name.endsWith(`.${kind}`)) ?? []
    expect(own).toBeDefined()
    // Kubernetes itself says what those three are.
    const found = [...nodesOf(own ?? {})].filter(
      ({ path: [first = ''] }) => !['apiVersion', 'kind', 'metadata'].includes(`${first}`),
    )
    expect(found.length).toBeGreaterThan(25)
    const silent = found.filter(({ node }) => !/^[A-Z].*\.$/s.test(node.description ?? ''))
    expect(silent.map(({ path }) => pathText(path))).toEqual([])
    const told = await cluster.kubectl('explain', '--recursive', plurals[kind])
    const fields = found.map(({ path }) => path.at(-1)).filter((key) => typeof key === 'string')
    for (const field of fields) expect(told).toMatch(new RegExp(`^ +${field}\t`, 'm'))
    const explained = await cluster.kubectl('explain', `${plurals[kind]}.spec.interval`)
    expect(explained).toMatch(/as a Go duration\s+from\s+1s to 24h/)
  })

  test.each(kinds)('of %s is what the repository’s CRD says', async (kind) => {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plurals[kind]}.exchangesync.dev`
    const { body } = await cluster.plane.raw('GET', path)
    const [version, ...others] = body.spec.versions
    expect(others).toEqual([])
    expect(version.schema.openAPIV3Schema).toEqual(schemaOf(kind))
    const structural = body.status.conditions.find(
      ({ type }: Any) => type === 'NonStructuralSchema',
    )
    expect(structural?.status ?? 'False').toBe('False')
    const { body: openApi } = await cluster.plane.raw('GET', `/openapi/v3${API}`)
    const [, own] =
      Object.entries<Served>(openApi.components.schemas).find(([name]) =>
        name.endsWith(`.${kind}`),
      ) ?? []
    expect(own?.properties?.spec).toEqual(schemaOf(kind).properties?.spec)
    expect(own?.properties?.status).toEqual(schemaOf(kind).properties?.status)
  })
})

/** Starts a cluster, and has everything judged by both. */
async function judge(): Promise<void> {
  cluster = await Cluster.start()
  await cluster.kubectl('create', 'namespace', 'sales')
  judged = await all(kinds.flatMap(casesOf), async (each) => {
    return { ...each, server: await serverVerdict(each), offline: offlineVerdict(each) }
  })
}

/** What is judged of a kind. */
function casesOf(kind: Kind): readonly Case[] {
  const mistakes = mistakesOf(kind)
  const one = fc.integer({ min: 0, max: mistakes.length - 1 })
  const sampled = <T>(values: fc.Arbitrary<T>, numRuns: number) =>
    fc.sample(values, { numRuns, seed: SEED })
  const caseOf = (spec: Json, chosen: readonly Mistake[]): Case => {
    return {
      kind,
      object: chosen.reduce<unknown>(mistaken, {
        apiVersion,
        kind,
        metadata: { name: 'all' },
        spec,
      }),
      mistakes: chosen,
    }
  }
  const pick = (i: number) => mistakes[i] as Mistake
  return [
    ...sampled(specs[kind], RUNS).map((spec) => caseOf(spec, [])),
    ...sampled(specs[kind], mistakes.length).map((spec, i) => caseOf(spec, [pick(i)])),
    ...sampled(fc.tuple(specs[kind], one, one), RUNS).map(([spec, i, j]) =>
      caseOf(spec, [pick(i), pick(j)]),
    ),
  ]
}

async function serverVerdict({ kind, object }: Case): Promise<Verdict> {
  // As kubectl asks: in the namespace that the declaration names, if it names one.
  const named = (object as Any).metadata?.namespace
  const namespace = typeof named === 'string' && named !== '' ? named : 'default'
  const path = `${API}/namespaces/${namespace}/${plurals[kind]}?dryRun=All&fieldValidation=Strict`
  const { status, body } = await cluster.plane.raw('POST', path, object)
  if (status < 400) return { accepts: true, causes: [], said: '' }
  expect([400, 404, 422]).toContain(status)
  const listed: readonly Any[] = body.details?.causes ?? []
  const causes = listed
    // `<nil>` says only that rules were not looked at, because of the others.
    .filter(({ field }) => field !== undefined && field !== '<nil>')
    .map(({ field, message }) => ({ path: String(field), message: String(message) }))
  const strict = [...String(body.message).matchAll(/unknown field "([^"]+)"/g)].map(
    ([message, field = '']) => ({ path: field, message }),
  )
  return { accepts: false, causes: [...causes, ...strict], said: String(body.message) }
}

function offlineVerdict({ kind, object }: Case): Verdict {
  const text = (value: unknown) =>
    stringify(value, { version: '1.1', aliasDuplicateObjects: false })
  const others = referredOf(kind, object as Any)
  const { problems } = readResources([
    { name: 'it.yaml', text: text(object) },
    { name: 'others.yaml', text: others.map(text).join('---\n') },
  ])
  const causes = problems
    .filter(({ file }) => file === 'it.yaml')
    // The numbers in a URL are bounded offline only, and by the controller, as references are.
    .filter(({ message }) => !message.startsWith('is no URL that can be reached'))
    .map(({ path, message }) => ({ path, message }))
  return {
    accepts: causes.length === 0,
    causes,
    said: causes.map(({ path, message }) => `${path}: ${message}`).join('; '),
  }
}

/** What a declaration refers to: that it must be there is what only validate asks for. */
function referredOf(kind: Kind, object: Any): readonly unknown[] {
  const { namespace = 'default' } = object.metadata ?? {}
  if (kind === 'SyncGroup') {
    const { serverRef, hub, members } = object.spec ?? {}
    const all = Array.isArray(members) ? members : []
    const refs = [serverRef, hub?.serverRef, ...all.map((member) => member?.serverRef)]
    const named = refs.flatMap((ref) => {
      const { name, namespace: other } = ref ?? {}
      return name === undefined ? [] : [JSON.stringify({ name, namespace: other ?? namespace })]
    })
    return [...new Set(named)].map((metadata, n) => {
      const auth = { type: 'Basic', secretRef: { name: 'elsewhere' } }
      const spec = { url: `https://mail${n}`, auth }
      return { apiVersion, kind: 'ExchangeServer', metadata: JSON.parse(metadata), spec }
    })
  }
  const { auth, tls } = object.spec ?? {}
  const keys = ['username', 'password', 'clientID', 'clientSecret', 'scope']
  const texts = Object.fromEntries(keys.map((key) => [key, 'x']))
  const credentials = { ...texts, tokenURL: 'https://adfs.corp.example/adfs/oauth2/token' }
  const authority = { [tls?.caSecretRef?.key ?? 'ca.crt']: '-----BEGIN CERTIFICATE-----' }
  const [login, ca] = [auth?.secretRef?.name, tls?.caSecretRef?.name]
  return [...new Set([login, ca])].map((name) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { ...(name === login && credentials), ...(name === ca && authority) },
    // The beginning of a keytab.
    ...(name === login && { data: { keytab: 'BQI=' } }),
  }))
}

/** Every rule in CEL of a kind, with the path that it tells of. */
function rulesOf(kind: Kind) {
  return [...nodesOf(schemaOf(kind))].flatMap(({ path, node }) =>
    (node['x-kubernetes-validations'] ?? []).map(({ message = '', fieldPath = '' }) => ({
      kind,
      at: pathText(path),
      path: `${pathText(path)}${fieldPath}`,
      message,
    })),
  )
}

/** Whether the first path is the second, or below it. */
function within(path: string, outer: string): boolean {
  return path === outer || (path.startsWith(outer) && /^[.[]/.test(path.slice(outer.length)))
}

/** Whether it is a rule over several fields, one of which validate has something against: then it leaves the rule out. */
function consequent(kind: Kind, cause: Cause, offline: Verdict): boolean {
  return rulesOf(kind).some(
    ({ at, path, message }) =>
      within(cause.path, path) &&
      cause.message.includes(message) &&
      offline.causes.some((each) => within(each.path, at)),
  )
}

/** Whether somebody who is told this looks at the path: at it, below it, or at what is missing and would hold it. */
function covers({ path, message }: Cause, wanted: string): boolean {
  return within(path, wanted) || (message.startsWith('is required') && within(wanted, path))
}

function shown({ kind, object, mistakes, server, offline }: Judged): string {
  const what = mistakes.map(({ path, leaf }) => `${pathText(path)}=${JSON.stringify(leaf)}`)
  const parts = [kind, what.join(' & ') || JSON.stringify(object), server.said, offline.said]
  return parts.map((part) => part.slice(0, 400)).join('\n  | ')
}
