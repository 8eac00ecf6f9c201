// Each CEL rule of the CRDs has objects that pass and objects that it refuses; and how rules are
// evaluated offline.

import { describe, expect, test } from 'vitest'
import { pathText } from '../../controller/validation/problem.ts'
import { brokenRules } from '../../controller/validation/rules.ts'
import type { Rule, Schema } from '../../controller/validation/schema.ts'
import { contracts } from '../../controller/validation/schemas.ts'

type Fields = Readonly<Record<string, unknown>>

const GROUP = { serverRef: { name: 'corp' }, hub: { publicFolder: '/Company/Contacts' } }
const SERVER = {
  url: 'https://mail.corp.example/EWS/Exchange.asmx',
  auth: { type: 'Basic', secretRef: { name: 'login' } },
}

/** The paths at which a kind has something against a spec. */
function refused(kind: 'SyncGroup' | 'ExchangeServer', spec: Fields): readonly string[] {
  const contract = contracts().find((c) => c.kind === kind)
  if (contract === undefined) throw new Error(`no contract for ${kind}`)
  const resource = { apiVersion: contract.apiVersion, kind, metadata: { name: 'a' }, spec }
  return contract.faults(contract.defaulted(resource)).map(({ path }) => pathText(path))
}

const group = (spec: Fields) => refused('SyncGroup', { ...GROUP, ...spec })
const server = (spec: Fields) => refused('ExchangeServer', { ...SERVER, ...spec })
const member = (fields: Fields) => group({ members: [{ mailbox: 'anna@corp.example', ...fields }] })
const mailboxes = (...names: readonly string[]) =>
  group({ members: names.map((mailbox) => ({ mailbox })) })

//  path, how a value is put there, what passes, what does not
const forms: readonly [
  string,
  (value: string) => readonly string[],
  readonly string[],
  readonly string[],
][] = [
  [
    'spec.members[0].mailbox',
    (mailbox) => member({ mailbox }),
    [
      'anna@corp.example',
      'Anna.Kowalska+x@Corp.Example',
      "o'neil@a-b.c",
      'a@xn--bcher-kva.example',
    ],
    [
      'anna',
      '@corp.example',
      'anna@corp',
      'anna@',
      'an na@corp.example',
      'anna@corp.example ',
      'a@b@c.d',
      'żak@corp.example',
      'SMTP:a@b.c',
      'Anna <a@b.c>',
      'a@b.c\n',
      'a@.b',
    ],
  ],
  [
    'spec.members[0].folder',
    (folder) => member({ folder }),
    [
      'Contacts',
      'Contacts/Company',
      'Kontakty/Żółw i spółka',
      'a/b/c',
      'a.b',
      'a\\/b/c',
      '\\/',
      'a\\\\/b',
      'R\\D',
    ],
    ['a\\\\/', 'a\\\\//b', 'a\\/ ', '/Contacts', 'Contacts/', 'a//b', ' a', 'a ', 'a/ b', '/'],
  ],
  [
    'spec.hub.publicFolder',
    (publicFolder) => group({ hub: { publicFolder } }),
    [
      '/Company',
      '/Company/Contacts',
      '/Firma/Nasze kontakty',
      '/a/b/c',
      '/a\\/b',
      '/a \\/ b',
      '/a\\\\/b',
      '/R\\D\\',
    ],
    ['\\/a', '/a\\\\/', '/a\\/ /b', 'Company', '//', '/a/', '/a//b', '/ a', '/a ', 'a/b'],
  ],
  [
    'spec.serverRef.name',
    (name) => group({ serverRef: { name } }),
    ['corp', 'a', 'corp-2.eu', '0'],
    ['Corp', 'sales/corp', '-a', 'a-', 'a..b', 'a_b'],
  ],
  ...(['interval', 'retryInterval', 'timeout'] as const).map((field): (typeof forms)[number] => [
    `spec.${field}`,
    (value) => group({ [field]: value }),
    ['1s', '30s', '1m30s', '1.5h', '24h', '1000ms', '0.5m', '1h60m'],
    [
      '0s',
      '999ms',
      '0.9s',
      '24h1s',
      '25h',
      '1d',
      '30',
      's',
      '-1s',
      '1m 30s',
      '1M',
      '1m30',
      '+1m',
      '1us',
      '.5m',
      '9999999h',
    ],
  ]),
  [
    'spec.guard.window',
    (window) => group({ guard: { window } }),
    ['1s', '1h', '168h'],
    ['0s', '169h', '1w'],
  ],
  [
    'spec.url',
    (url) => server({ url }),
    [
      'https://mail.corp.example/EWS/Exchange.asmx',
      'https://mail',
      'https://mail:8443/',
      'https://10.0.0.1/EWS',
      'https://[fd00::1]:443/EWS',
      'http://localhost:8080/EWS/Exchange.asmx',
      'http://127.0.0.1/',
      'http://127.1.2.3:80',
      'http://[::1]:80/EWS',
    ],
    [
      'http://mail.corp.example/EWS',
      'http://localhost.corp.example/',
      'http://127.0.0.1.corp.example/',
      'http://localhost@evil.example/',
      'ftp://mail',
      'mail.corp.example',
      'https://',
      'https://user:password@mail/',
      'https://mail/?a=b',
      'https://mail/#a',
      ' https://mail/',
      'https://mail/ ',
      'https://mail:port/',
      'HTTPS://mail/',
    ],
  ],
  [
    'spec.auth.secretRef.name',
    (name) => server({ auth: { type: 'Basic', secretRef: { name } } }),
    ['login', 'a.b-c'],
    ['Login', 'sales/login', 'a-'],
  ],
  [
    'spec.tls.caSecretRef.name',
    (name) => server({ tls: { caSecretRef: { name } } }),
    ['corp-ca'],
    ['corp/ca', 'CA'],
  ],
  [
    'spec.tls.caSecretRef.key',
    (key) => server({ tls: { caSecretRef: { name: 'ca', key } } }),
    ['ca.crt', 'tls_CA-1'],
    ['a/b', 'a b', 'ą'],
  ],
  [
    'spec.limits.requestTimeout',
    (requestTimeout) => server({ limits: { requestTimeout } }),
    ['1s', '60s', '10m'],
    ['0s', '10m1s', '1h', '60'],
  ],
]

describe('a rule about the form of', () => {
  test.each(forms)('%s', (path, put, right, wrong) => {
    for (const value of right) expect([value, put(value)]).toEqual([value, []])
    for (const value of wrong)
      expect([value, new Set(put(value))]).toEqual([value, new Set([path])])
  })
})

describe('a rule about several fields', () => {
  test('a mailbox is a member once, whatever its case', () => {
    expect(mailboxes()).toEqual([])
    expect(mailboxes('anna@a.b', 'jan@a.b', 'annA@a.c')).toEqual([])
    expect(mailboxes('anna@a.b', 'jan@a.b', 'Anna@A.B')).toEqual(['spec.members[2]'])
    expect(mailboxes('anna@a.b', 'anna@a.b')).toEqual(['spec.members[1]'])
  })

  test('two thousand members are checked in no time', () => {
    const many = Array.from({ length: 2000 }, (_, i) => `member${i}@corp.example`)
    expect(mailboxes(...many)).toEqual([])
    expect(mailboxes(...many.slice(1), 'Member1999@corp.example')).toEqual(['spec.members[1999]'])
    expect(mailboxes(...many, 'one@too.many')).toEqual(['spec.members'])
  })

  test('one mailbox has no more requests than there are', () => {
    const limits = (concurrency: number, concurrencyPerMailbox: number) =>
      server({ limits: { concurrency, concurrencyPerMailbox } })
    expect(limits(2, 2)).toEqual([])
    expect(limits(1, 2)).toEqual(['spec.limits.concurrencyPerMailbox'])
  })

  test('OAuth cannot be a delegate', () => {
    const access = (type: string, how: string) =>
      server({ auth: { type, secretRef: { name: 'a' } }, access: how })
    expect(access('OAuth', 'Impersonation')).toEqual([])
    expect(access('NTLM', 'Delegate')).toEqual([])
    expect(access('OAuth', 'Delegate')).toEqual(['spec.access'])
  })

  test('TLS needs https', () => {
    const tls = { caSecretRef: { name: 'ca' } }
    expect(server({ tls })).toEqual([])
    expect(server({ tls, url: 'http://localhost/' })).toEqual(['spec.tls'])
  })
})

describe('offline', () => {
  const broken = (rule: Rule, value: unknown, schema: Schema = {}) =>
    brokenRules({ ...schema, 'x-kubernetes-validations': [rule] }, value, []).map(
      ({ path, message }) => [pathText(path), message],
    )

  test('a function that is not known here is never silently valid', () => {
    expect(broken({ rule: 'isURL(self)', message: 'must be a URL' }, 'a')).toEqual([
      ['', expect.stringMatching(/^not checked offline: must be a URL \(.*isURL/)],
    ])
  })

  test('a rule that does not parse is never silently valid', () => {
    expect(broken({ rule: 'self ==' }, 'a')).toEqual([
      ['', expect.stringMatching(/^not checked offline/)],
    ])
  })

  test('a rule over an older version is left to the server', () => {
    expect(broken({ rule: 'self == oldSelf' }, 'a')).toEqual([])
  })

  test('an error while evaluating refuses, as on a server', () => {
    expect(broken({ rule: 'self.a == 1', message: 'must have a' }, {})).toEqual([
      ['', expect.stringMatching(/^must have a \(.*a/)],
    ])
  })

  test('whole numbers are ints, and optional fields can be asked for', () => {
    const schema: Schema = { type: 'object', properties: { n: { type: 'integer' } } }
    expect(broken({ rule: '!has(self.n) || self.n / 2 == 2' }, { n: 5 }, schema)).toEqual([])
    expect(broken({ rule: '!has(self.n) || self.n / 2 == 2' }, {}, schema)).toEqual([])
    expect(broken({ rule: 'self.n > 5' }, { n: 5 }, schema)).toHaveLength(1)
  })

  test('a rule of an entry sees the entry, and a field path points below it', () => {
    const items: Schema = {
      type: 'object',
      'x-kubernetes-validations': [{ rule: 'self.a != "x"', message: 'no x', fieldPath: '.a' }],
    }
    const schema: Schema = { type: 'array', items }
    const faults = brokenRules(schema, [{ a: 'y' }, { a: 'x' }], [])
    expect(faults.map(({ path }) => pathText(path))).toEqual(['[1].a'])
  })

  test('a rule waits until the schema has nothing against what it looks at', () => {
    const schema: Schema = { 'x-kubernetes-validations': [{ rule: 'self.a > 1', message: 'no' }] }
    const faults = [{ path: ['a'], at: 'value' as const, message: 'must be a whole number' }]
    expect(brokenRules(schema, { a: 'x' }, faults)).toEqual([])
  })
})
