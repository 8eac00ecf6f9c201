// Every wrong thing that a declaration of one of our kinds can have: from its schema each bound at its edge and one
// beyond, each word of an enumeration and a foreign one, each required field left out, each wrong type, unknown fields;
// and by hand what no schema says: texts for the rules in CEL, keys of lists, and metadata.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { Rule } from '../../controller/validation/schema.ts'
import { type Place, put } from '../support/declared.ts'

/** The kinds that the CRDs define. */
export type Kind = 'SyncGroup' | 'ExchangeServer'

/** Something that is put into a declaration. Most of it is wrong; what is at an edge is not. */
export type Mistake = Readonly<{ path: Place; leaf: unknown }>

/** A schema as the CRDs have it. */
export type Schema = Readonly<{
  type?: string
  format?: string
  description?: string
  enum?: readonly string[]
  required?: readonly string[]
  properties?: Readonly<Record<string, Schema>>
  items?: Schema
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  maxItems?: number
  'x-kubernetes-validations'?: readonly Rule[]
}>

const folder = fileURLToPath(new URL('../../crds', import.meta.url))

/** The CRDs as they are in the repository. */
export const crds = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => parse(readFileSync(`${folder}/${name}`, 'utf8')))

/** The schema of a kind. */
export function schemaOf(kind: Kind): Schema {
  const crd = crds.find(({ spec }) => spec.names.kind === kind)
  return crd.spec.versions[0].schema.openAPIV3Schema
}

/** Every schema below, with its path; what is in a list has the index 0. */
export function* nodesOf(
  schema: Schema,
  path: Place = [],
): Generator<Readonly<{ path: Place; node: Schema }>> {
  yield { path, node: schema }
  for (const [key, field] of Object.entries(schema.properties ?? {}))
    yield* nodesOf(field, [...path, key])
  if (schema.items) yield* nodesOf(schema.items, [...path, 0])
}

/** All that is tried on a kind. */
export function mistakesOf(kind: Kind): readonly Mistake[] {
  const spec = schemaOf(kind).properties?.spec ?? {}
  const own = kind === 'SyncGroup' ? groupMistakes : serverMistakes
  return [
    ...[...nodesOf(spec, ['spec'])].flatMap(({ path, node }) => schemaMistakes(kind, path, node)),
    ...own,
    ...metadataMistakes,
  ]
}

/** A declaration with the mistake; what a hub or a member needs besides is given to it. */
export function mistaken(declared: unknown, { path, leaf }: Mistake): unknown {
  const [, part, ...more] = path
  const field = more.at(part === 'members' ? 1 : 0)
  if (part === 'hub' && (field === 'mailbox' || field === 'folder'))
    return put(put(declared, ['spec', 'hub'], inMailbox), path, leaf)
  if (part === 'hub' && field === 'publicFolder')
    return put(put(declared, ['spec', 'hub'], {}), path, leaf)
  if (part !== 'members' || field === undefined) return put(declared, path, leaf)
  const { folder: _, ...member } = inMailbox
  if (field === 'mailbox' || field === 'publicFolder')
    return put(put(declared, path.slice(0, 3), {}), path, leaf)
  const named = field === 'serverRef' ? { serverRef: { name: 'corp' } } : {}
  return put(put(declared, path.slice(0, 3), { ...member, ...named }), path, leaf)
}

const inMailbox = { mailbox: 'one_more@corp.example', folder: 'Contacts/More' }

function schemaMistakes(kind: Kind, path: Place, node: Schema): readonly Mistake[] {
  const at = (leaf: unknown): Mistake => ({ path, leaf })
  const missing = (node.required ?? []).map((name) => ({ path: [...path, name], leaf: undefined }))
  const wrong = [7, 1.5, true, 'text', {}, [], [null], null].map(at)
  switch (node.type) {
    case 'string':
      return [...wrong, ...missing, ...textsOf(kind, path, node).map(at)]
    case 'integer':
      return [...wrong, ...numbersOf(node).map(at)]
    case 'object':
      return [...wrong, ...missing, { path: [...path, 'surprise'], leaf: 1 }]
    default:
      return wrong
  }
}

function numbersOf({ minimum = 0, maximum = 0 }: Schema): readonly unknown[] {
  return [minimum - 1, minimum, maximum, maximum + 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, '5', -0.5]
}

function textsOf(kind: Kind, path: Place, node: Schema): readonly string[] {
  if (node.enum) return [...node.enum, '', node.enum[0]?.toLowerCase() ?? '', 'Other']
  const { minLength = 0, maxLength = 0 } = node
  const name = `${kind} ${path.join('.')}`
  const long = longTexts.find(([pattern]) => pattern.test(name))?.[1]
  const forms = formTexts.filter(([pattern]) => pattern.test(name)).flatMap(([, texts]) => texts)
  if (long === undefined || forms.length === 0) throw new Error(`no texts for ${name}`)
  const lengths = [minLength - 1, minLength, maxLength, maxLength + 1].filter((n) => n >= 0)
  return [...lengths.map(long), ...forms]
}

/** Texts of so many letters that are right but for their length, where there are any. */
const longTexts: readonly (readonly [RegExp, (length: number) => string])[] = [
  [/mailbox$/, (n) => (n < 6 ? 'a@b.c'.slice(0, n) : `${'x'.repeat(n - 4)}@a.b`)],
  // Letters are counted, not the halves of them that UTF-16 has.
  [
    /(publicFolder|hubs\.0)$/,
    (n) => `/${'🌸'.repeat(Math.max(n - 1, 0))}`.slice(0, n === 0 ? 0 : undefined),
  ],
  [/((members\.0|hub)\.folder|folders\.0)$/, (n) => '🌸'.repeat(n)],
  [/spec\.url$/, (n) => (n < 10 ? 'https://a'.slice(0, n) : `https://${'a'.repeat(n - 8)}`)],
  [
    /(nterval|imeout|window)$/,
    (n) => (n < 3 ? '1s'.slice(0, n) : `001000ms001000ms001000ms${n > 32 ? '0' : ''}001.000s`),
  ],
  [/./, (n) => 'a'.repeat(n)],
]

const names = [
  'corp',
  'corp-2.eu',
  '0',
  'Corp',
  '-a',
  'a-',
  'a..b',
  'a.-b',
  'a_b',
  'sales/corp',
  'a\n',
]
const formTexts: readonly (readonly [RegExp, readonly string[]])[] = [
  [/(serverRef|[sS]ecretRef)\.name$/, names],
  [/serverRef\.namespace$/, ['sales', 'a.b', 'Sales', '-a', 'a-', 'a b']],
  [/caSecretRef\.key$/, ['ca.crt', 'CA_1-x', 'a/b', 'a b', 'ż', '..']],
  [
    /(publicFolder|hubs\.0)$/,
    [
      '/Company',
      '/a/b/c',
      '/Nasze kontakty',
      'Company',
      '//',
      '/a/',
      '/a//b',
      '/ a',
      '/a ',
      '/\u00a0a',
      '/a\nb',
      '/a/ b',
      ...['/a\\/b', '/a \\/ b', '/R\\D\\', '/a\\\\/', '/a\\\\/b', '\\/a', '/a\\//b', '/a\\\\\\/'],
    ],
  ],
  [
    /((members\.0|hub)\.folder|folders\.0)$/,
    [
      'Contacts',
      'a/b/c',
      'Żółw i spółka',
      '/Contacts',
      'Contacts/',
      'a//b',
      ' a',
      'a ',
      'a/ b',
      '/',
      '\t',
      'a\n',
      ...['a\\/b', '\\/', 'R\\D\\', 'a\\\\/', 'a\\\\/b', 'a\\//b', 'a\\/ ', 'a\\\\\\/'],
    ],
  ],
  [
    /mailboxes\.0$/,
    [
      ...['corp.example', '*.corp.example', '*@a', 'sales-*@corp.example', 'a+b@c.d', '*'],
      ...['a b', 'a@', '@a.b', 'a@b@c', 'a..b', '.a', 'a.', 'żak@corp.example', 'a/b', 'a\n'],
    ],
  ],
  [
    /mailbox$/,
    [
      ...[
        'a@b.c',
        "o'neil@a-b.c",
        'a@xn--bcher-kva.example',
        'anna',
        '@corp.example',
        'anna@corp',
        'a b@c.d',
      ],
      ...[
        'anna@corp.example ',
        'a@b@c.d',
        'żak@corp.example',
        'SMTP:a@b.c',
        'a@b.c\n',
        'a@.b',
        'a@b..c',
        '"a"@b.c',
      ],
    ],
  ],
  [
    /spec\.url$/,
    [
      ...[
        'https://mail',
        'https://mail:8443/',
        'https://[fd00::1]:443/EWS',
        'http://localhost:80/',
        'http://[::1]/x',
      ],
      ...[
        'http://127.0.0.1',
        'http://mail.corp.example/',
        'http://127.0.0.1.evil.example/',
        'http://10.0.0.1/',
      ],
      ...[
        'HTTPS://mail/',
        'ftp://mail/',
        'mail.corp.example',
        'https://',
        'https://user:pass@mail/',
        'https://mail/?a=b',
      ],
      ...[
        'https://mail/#x',
        ' https://mail/',
        'https://mail:123456/',
        'https://mail/ż',
        'http://localhost@evil/',
        'https://mail/\n',
      ],
    ],
  ],
  [
    /(nterval|imeout|window)$/,
    [
      ...[
        '1s',
        '1000ms',
        '0.5m',
        '1.5h',
        '24h',
        '10m',
        '168h',
        '1h60m',
        '0s',
        '999ms',
        '0.9s',
        '10m1s',
        '24h1s',
        '24h0.001s',
      ],
      ...[
        '168h1s',
        '169h',
        '1d',
        '30',
        's',
        '-1s',
        '+1m',
        '1m 30s',
        '1M',
        '1us',
        '.5m',
        '1.s',
        '1.0000s',
        '9999999h',
      ],
      ...['999999h', '999999h999999h999999h', '1s1s1s1s1s', '1s\n', '1e3s'],
    ],
  ],
]

const members = (...mailboxes: readonly string[]) => mailboxes.map((mailbox) => ({ mailbox }))
const many = (length: number) =>
  Array.from({ length }, (_, i) => ({ mailbox: `m${i}@corp.example` }))
const groupMistakes: readonly Mistake[] = [
  { path: ['spec', 'members'], leaf: members('anna@corp.example', 'anna@corp.example') },
  { path: ['spec', 'members'], leaf: members('anna@corp.example', 'ANNA@Corp.Example') },
  { path: ['spec', 'members'], leaf: members('a@b.c', 'd@e.f', 'A@b.c', 'D@E.F', 'a@b.c') },
  ...[
    { mailbox: 'a@b.c', publicFolder: '/A' },
    {},
    { publicFolder: '/A', folder: 'A' },
    { publicFolder: '/A', direction: 'OneWay' },
  ].map((member) => ({ path: ['spec', 'members'], leaf: [member] })),
  { path: ['spec', 'members'], leaf: [{ publicFolder: '/A' }, { publicFolder: '/a' }] },
  ...[
    {},
    { publicFolder: '/A', mailbox: 'a@b.c', folder: 'A' },
    { mailbox: 'a@b.c' },
    { folder: 'A' },
    { publicFolder: '/A', folder: 'A' },
  ].map((hub) => ({ path: ['spec', 'hub'], leaf: hub })),
  ...[
    { hub: { publicFolder: '/A' }, members: [{ publicFolder: '/a' }] },
    { hub: { mailbox: 'a@b.c', folder: 'X' }, members: [{ mailbox: 'A@b.c', folder: 'x' }] },
    { hub: { mailbox: 'a@b.c', folder: 'X' }, members: [{ mailbox: 'a@b.c', folder: 'Y' }] },
    {
      hub: { publicFolder: '/A' },
      members: [{ publicFolder: '/A', serverRef: { name: 'other' } }],
    },
  ].map((spec) => ({ path: ['spec'], leaf: { serverRef: { name: 'corp' }, ...spec } })),
  { path: ['spec', 'members'], leaf: [null] },
  { path: ['spec', 'members'], leaf: ['anna@corp.example'] },
  { path: ['spec', 'members'], leaf: [[]] },
  { path: ['spec', 'members'], leaf: many(2000) },
  { path: ['spec', 'members'], leaf: many(2001) },
  { path: ['spec', 'guard'], leaf: { deletions: { maxPercent: 0, maxCount: 0 } } },
]

const tls = { caSecretRef: { name: 'authority' } }
const serverMistakes: readonly Mistake[] = [
  { path: ['spec', 'limits'], leaf: { concurrency: 2, concurrencyPerMailbox: 3 } },
  { path: ['spec', 'limits'], leaf: { concurrency: 3, concurrencyPerMailbox: 3 } },
  { path: ['spec', 'limits'], leaf: { concurrencyPerMailbox: 9 } },
  ...['Impersonation', 'Delegate'].map((access) => ({
    path: ['spec'],
    leaf: {
      url: 'https://mail',
      auth: { type: 'OAuth', secretRef: { name: 'a' } },
      access,
    },
  })),
  ...['https://mail', 'http://localhost'].map((url) => ({
    path: ['spec'],
    leaf: { url, auth: { type: 'Basic', secretRef: { name: 'a' } }, tls },
  })),
]

const metadata = (path: Place, ...leaves: readonly unknown[]) =>
  leaves.map((leaf) => ({ path: ['metadata', ...path], leaf }))
const metadataMistakes: readonly Mistake[] = [
  { path: ['metadata'], leaf: undefined },
  { path: ['metadata'], leaf: null },
  { path: ['metadata'], leaf: 'all' },
  { path: ['apiVersion'], leaf: 'exchangesync.dev/v1' },
  { path: ['apiVersion'], leaf: undefined },
  { path: ['kind'], leaf: 'Syncgroup' },
  { path: ['kind'], leaf: undefined },
  { path: ['spec'], leaf: undefined },
  { path: ['surprise'], leaf: {} },
  { path: ['status'], leaf: {} },
  { path: ['status'], leaf: { surprise: 1 } },
  { path: ['status'], leaf: { observedGeneration: 3, conditions: [] } },
  { path: ['status'], leaf: { observedGeneration: 'three' } },
  { path: ['status'], leaf: { conditions: [{ surprise: 1 }] } },
  ...metadata(
    ['name'],
    undefined,
    null,
    '',
    7,
    'All',
    'a'.repeat(63),
    'a'.repeat(64),
    'a'.repeat(254),
  ),
  ...metadata(['name'], 'a.b', 'a..b', '-a', 'a_b', 'a b', 'ż', '0', 'a\n'),
  ...metadata(['surprise'], 1, {}),
  ...metadata(['namespace'], 'default', 'sales', '', null, 7, 'Sales', 'a.b', '-a'),
  ...metadata(
    ['labels'],
    { a: 'b' },
    { 'x.y/z': '' },
    { a: 'b c' },
    { a: 'x'.repeat(64) },
    { a: 1 },
    [],
  ),
  ...metadata(
    ['labels'],
    { 'a b': 'c' },
    { 'x/y/z': 'c' },
    { '': 'c' },
    { 'X/y': 'c' },
    { a: 'b\n' },
  ),
  ...metadata(
    ['labels'],
    { ['k'.repeat(63)]: '' },
    { ['k'.repeat(64)]: '' },
    { [`${'p'.repeat(254)}/k`]: '' },
  ),
  ...metadata(
    ['annotations'],
    { a: 'b c ż' },
    { 'x.y/Z': '' },
    { 'a b': 'c' },
    { '/y': 'c' },
    { a: true },
  ),
  ...metadata(
    ['annotations'],
    { 'X.y/Z': '' },
    { a: 'x'.repeat(2 ** 18) },
    { a: 'x'.repeat(2 ** 18 - 1) },
  ),
  ...metadata(['finalizers'], ['exchangesync.dev/x'], ['nobody'], ['a b/c'], 'x', [1], []),
  ...metadata(['ownerReferences'], [], [{}], 'x'),
  ...metadata(
    ['ownerReferences'],
    [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'b' }],
    [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: 'b', surprise: 1 }],
    [{ apiVersion: 'v1', kind: '', name: 'a', uid: 'b' }],
  ),
  ...metadata(['creationTimestamp'], null, '2026-01-31T08:00:00Z', 'yesterday', 7),
  ...metadata(['generation'], 3, 'x', 1.5),
]
