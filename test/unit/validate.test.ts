// What `exsync validate` prints for wrong files, word by word: people and editors read these lines.

import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { helpFor } from '../../controller/cli/help.ts'
import { validate } from '../../controller/cli/validate.ts'
import { configOf } from '../../controller/config.ts'
import { problemText } from '../../controller/validation/problem.ts'
import { readResources } from '../../controller/validation/resources.ts'
import { group, SERVER } from './validate-texts.ts'

const EXAMPLES = join(import.meta.dirname, '../../examples')

const server = (spec: string, secret = 'stringData: { username: sync, password: geheim }') => `
apiVersion: exchangesync.dev/v1alpha1
kind: ExchangeServer
metadata: { name: corp }
spec: ${spec}
---
apiVersion: v1
kind: Secret
metadata: { name: login }
${secret}
`

const SPEC_KNOWN =
  'conflicts, deletionPolicy, direction, drift, guard, hub, interval, items, members, private, ' +
  'retryInterval, serverRef, suspend, timeout'
const KINDS =
  'exchangesync.dev/v1alpha1 ExchangeServer, exchangesync.dev/v1alpha1 SyncGroup, exchangesync.dev/v1alpha1 SyncPlan'
const DURATION = 'must be a duration from 1s to 24h, like 30s or 1m30s'
const FOLDER =
  "must be the path of a folder below the top of the mailbox, like Contacts/Company, without '/' at either end, " +
  'without empty names and without blanks around a name; a slash in a name is written \\/, a backslash \\\\'
const PUBLIC_FOLDER =
  "must be the path of a public folder that starts with '/', like /Company/Contacts, without empty names, " +
  "without blanks around a name and without '/' at the end; a slash in a name is written \\/, a backslash \\\\"

//  what is wrong, the file, what is printed of it
const groups: readonly (readonly [string, string, ...string[]])[] = [
  [
    'an unknown field',
    group('membres: []'),
    `8:3: spec.membres: is an unknown field; did you mean members? known are ${SPEC_KNOWN}`,
  ],
  [
    'an unknown field in a list',
    group('members:', '  - mailbox: anna@corp.example', '    colour: red'),
    '10:7: spec.members[0].colour: is an unknown field; known are direction, folder, mailbox, publicFolder, serverRef',
  ],
  [
    'a word that is none of the allowed',
    group('direction: BothWays'),
    '8:14: spec.direction: must be one of TwoWay, OneWay, not "BothWays"',
  ],
  [
    'a missing field of a list entry',
    group('members:', '  - folder: Contacts/Company'),
    '9:7: spec.members[0]: must name either mailbox, like anna@corp.example, or publicFolder, like /Branches/Cracow',
  ],
  [
    'no SMTP address',
    group('members:', '  - mailbox: anna'),
    '9:16: spec.members[0].mailbox: must be an SMTP address, like anna@corp.example',
  ],
  [
    'a mailbox twice',
    group('members:', '  - mailbox: anna@corp.example', '  - mailbox: anna@corp.example'),
    '10:7: spec.members[1]: has the same mailbox as entry [0], which must be unique',
  ],
  [
    'a mailbox twice, in other case',
    group('members:', '  - mailbox: anna@corp.example', '  - mailbox: ANNA@Corp.Example'),
    '10:7: spec.members[1]: a mailbox or a public folder must be a member once only, upper and lower case are the same; this is entry [0] again',
  ],
  [
    'a folder that starts with /',
    group('members: [{ mailbox: anna@corp.example, folder: /Contacts }]'),
    `8:51: spec.members[0].folder: ${FOLDER}`,
  ],
  ['a duration below a second', group('interval: 500ms'), `8:13: spec.interval: ${DURATION}`],
  [
    'a duration without unit',
    group('timeout: "30"'),
    `8:12: spec.timeout: ${DURATION}; 30 has no unit: write 30s for seconds`,
  ],
  [
    'a duration that YAML reads as a number',
    group('retryInterval: 30'),
    '8:18: spec.retryInterval: must be a duration with a unit, like 30s, not the number 30: How long after an error the next pass starts, as a Go duration from 1s to 24h',
  ],
  [
    'a number out of range',
    group('guard: { deletions: { maxPercent: 101 } }'),
    '8:37: spec.guard.deletions.maxPercent: must be from 0 to 100, not 101',
  ],
  [
    'a part of a number',
    group('guard: { publications: { maxCount: 1.5 } }'),
    '8:38: spec.guard.publications.maxCount: must be a whole number, not 1.5',
  ],
  [
    'a list where a mapping belongs',
    group('guard: []'),
    '8:10: spec.guard: must be a mapping, not a list',
  ],
  [
    'two things at once, in their order',
    group('drift: Undo', 'suspend: maybe'),
    '8:10: spec.drift: must be one of Revert, Ignore, not "Undo"',
    '9:12: spec.suspend: must be a boolean, not a string',
  ],
  [
    'a server that is not there',
    group().replace('name: corp', 'name: crop'),
    '6:22: spec.serverRef.name: there is no ExchangeServer crop in namespace default (there is corp); pass its file too, or correct the name',
  ],
  [
    'a server of another namespace',
    group().replace('name: all', 'name: all\n  namespace: sales'),
    '7:22: spec.serverRef.name: there is no ExchangeServer corp in namespace sales (none is there); the one in namespace default is another: declare it in sales, or name its namespace in serverRef, which needs --allow-cross-namespace-refs',
  ],
  [
    'a public folder without /',
    group().replace('/Company/Contacts', 'Company/Contacts'),
    `7:24: spec.hub.publicFolder: ${PUBLIC_FOLDER}`,
  ],
  [
    'no hub',
    group().replace('hub: { publicFolder: /Company/Contacts }', 'hub:'),
    '7:3: spec.hub: is required, but missing: The replica that all others are compared with: a public folder, or a folder of a mailbox',
  ],
  [
    'no spec',
    'apiVersion: exchangesync.dev/v1alpha1\nkind: SyncGroup\nmetadata: { name: all }\n',
    '1:1: spec: is required, but missing: The desired state',
  ],
  [
    'no name',
    group().replace('name: all', 'namespace: sales'),
    '3:1: metadata.name: is required, but missing: The name of the group',
  ],
  [
    'a name that is none',
    group().replace('name: all', 'name: All_of_us'),
    "4:9: metadata.name: must be lower case letters, digits, '-' and '.', with a letter or digit at both ends",
  ],
  [
    'a name that is too long',
    group().replace('name: all', `name: ${'x'.repeat(64)}`),
    '4:9: metadata.name: must have at most 63 characters, not 64',
  ],
  [
    'an annotation that is no text',
    group().replace('name: all', 'name: all\n  annotations: { exchangesync.dev/approve: 1234 }'),
    '5:44: metadata.annotations[exchangesync.dev/approve]: must be a string, not a number; put it in quotes',
  ],
  [
    'a label whose key is none',
    group().replace('name: all', 'name: all\n  labels: { our team: sales }'),
    "5:13: metadata.labels[our team]: must be a name of at most 63 letters, digits, '-', '_' and '.', perhaps after a domain and '/', like example.com/team",
  ],
  [
    'a field that no status has',
    `${group()}status: { itms: 3 }\n`,
    '9:11: status.itms: is an unknown field; did you mean items? known are conditions, conflicts, guard, history, items, lastHandledForceAt, lastHandledReconcileAt, lastPass, members, observedGeneration, problems, progress, verified',
  ],
  [
    'an unknown version',
    group().replace('v1alpha1', 'v1'),
    `1:13: apiVersion: is unknown; known are ${KINDS}`,
  ],
  [
    'an unknown kind',
    group().replace('SyncGroup', 'SyncGroups'),
    `2:7: kind: is unknown; known are ${KINDS}`,
  ],
  [
    'our kind in a foreign group',
    group().replace('exchangesync.dev', 'exchangesync.io'),
    '1:13: apiVersion: must be exchangesync.dev/v1alpha1 for a SyncGroup',
  ],
  [
    'no apiVersion',
    'kind: ConfigMap\n',
    `1:1: apiVersion: is required, but missing; known are ${KINDS}, v1 Secret`,
  ],
  ['no mapping', '- 1\n', '1:1: must be a mapping with apiVersion, kind, metadata and spec'],
  [
    'a name twice',
    `${group()}---\n${group()}`,
    '13:9: metadata.name: SyncGroup default/all exists already, at bad.yaml:4; rename or remove one of them',
  ],
  [
    'something wrong in a List',
    'apiVersion: v1\nkind: List\nitems:\n  - apiVersion: exchangesync.dev/v1alpha1\n    kind: SyncGroup\n    metadata: { name: a }\n',
    '4:5: items[0].spec: is required, but missing: The desired state',
  ],
  [
    'a key twice',
    group('interval: 1m', 'interval: 2m'),
    '9:3: invalid YAML: this key occurs twice in one mapping; keep one of them',
  ],
  ['a tab', 'spec:\n\ta: 1\n', '2:1: invalid YAML: tabs cannot indent YAML; use spaces'],
  [
    'a bracket without end',
    'a: [1,\n',
    '2:1: invalid YAML: a bracket above is not closed, or the indentation matches no line above',
  ],
  [
    'an alias to nothing, without its text',
    'password: *geheim\n',
    '1:11: invalid YAML: an alias (*name) needs an anchor (&name) before it; put text that starts with * in quotes',
  ],
  [
    'aliases that explode',
    `a: &a [1,1,1,1,1,1,1,1,1,1]\n${[...'bcdef']
      .map((c, i) => `${c}: &${c} [${Array(10).fill(`*${'abcde'[i]}`)}]`)
      .join('\n')}\n`,
    '1:1: invalid YAML: aliases repeat more than 100 times; write the values out instead',
  ],
]

const servers: readonly (readonly [string, string, ...string[]])[] = [
  [
    'http to another host',
    server(
      '{ url: "http://mail.corp.example/", auth: { type: Basic, secretRef: { name: login } } }',
    ),
    '5:14: spec.url: must start with https://, http:// is accepted for localhost, 127.0.0.0/8 and [::1] only',
  ],
  [
    'a password in the URL, which is not printed',
    server(
      '{ url: "https://sync:geheim@mail/", auth: { type: Basic, secretRef: { name: login } } }',
    ),
    '5:14: spec.url: must be a URL of host, optional port and path, like https://mail.corp.example/EWS/Exchange.asmx',
  ],
  [
    'OAuth without its keys',
    server('{ url: "https://mail/", auth: { type: OAuth, secretRef: { name: login } } }'),
    '5:71: spec.auth.secretRef.name: Secret login lacks tokenURL, clientID, clientSecret, scope; OAuth needs tokenURL, clientID, clientSecret, scope',
  ],
  [
    'a Secret that is not there',
    server('{ url: "https://mail/", auth: { type: Basic, secretRef: { name: logon } } }'),
    '5:71: spec.auth.secretRef.name: there is no Secret logon in namespace default; add a document with it, or check the name (exsync validate --external-secrets accepts Secrets of a cluster)',
  ],
  [
    'a password that is not base64, which is not printed',
    server(
      '{ url: "https://mail/", auth: { type: Basic, secretRef: { name: login } } }',
      'data: { username: c3luYw==, password: geheim! }',
    ),
    '10:39: data.password: must be base64 (printf %s VALUE | base64); plain text belongs in stringData',
  ],
  [
    'a password that YAML reads as a number, which is not printed',
    server(
      '{ url: "https://mail/", auth: { type: Basic, secretRef: { name: login } } }',
      'stringData: { username: sync, password: 0123 }',
    ),
    '10:41: stringData.password: must be a string, not a number; put it in quotes',
  ],
  [
    'a Secret that SOPS encrypted',
    server(
      '{ url: "https://mail/", auth: { type: Basic, secretRef: { name: login } } }',
      'data: { username: "ENC[AES]" }\nsops: { version: 3.9.0 }',
    ),
    '11:1: sops: is encrypted; decrypt it first (sops decrypt), or add --external-secrets',
  ],
  [
    'a certificate under another key',
    server(
      '{ url: "https://mail/", auth: { type: Basic, secretRef: { name: login } }, tls: { caSecretRef: { name: login } } }',
    ),
    '5:89: spec.tls.caSecretRef.key: Secret login has no key ca.crt (there is password, username); it must hold certificates in PEM format (-----BEGIN CERTIFICATE-----)',
  ],
  [
    'no certificate under the key',
    server(
      '{ url: "https://mail/", auth: { type: Basic, secretRef: { name: login } }, tls: { caSecretRef: { name: login, key: username } } }',
    ),
    '5:122: spec.tls.caSecretRef.key: Secret login has no certificate in username; it must hold certificates in PEM format (-----BEGIN CERTIFICATE-----)',
  ],
]

const linesOf = (text: string, ...more: readonly string[]) =>
  readResources([
    { name: 'bad.yaml', text },
    ...more.map((other, i) => ({ name: `other${i}.yaml`, text: other })),
  ]).problems.map(problemText)

describe('one line says what is wrong, where, and what is allowed', () => {
  test.each(groups)('%s', (_, text, ...lines) => {
    expect(linesOf(text, SERVER)).toEqual(lines.map((line) => `bad.yaml:${line}`))
  })
  test.each(servers)('%s', (_, text, ...lines) => {
    const printed = linesOf(text)
    expect(printed).toEqual(lines.map((line) => `bad.yaml:${line}`))
    expect(printed.join()).not.toContain('geheim')
  })
})

describe('what is right passes', () => {
  test('a group with nothing but what it needs has the defaults', () => {
    const { documents, problems } = readResources([
      { name: 'a.yaml', text: `${group()}---${SERVER}` },
    ])
    expect(problems).toEqual([])
    expect(documents.map(({ ref, line }) => [ref.kind, line])).toEqual([
      ['SyncGroup', 1],
      ['ExchangeServer', 10],
      ['Secret', 17],
    ])
    expect(documents[0]?.resource).toEqual({
      apiVersion: 'exchangesync.dev/v1alpha1',
      kind: 'SyncGroup',
      metadata: { name: 'all', namespace: 'default' },
      spec: {
        serverRef: { name: 'corp' },
        items: 'Contacts',
        hub: { publicFolder: '/Company/Contacts' },
        direction: 'TwoWay',
        members: [],
        conflicts: 'HubWins',
        drift: 'Revert',
        private: 'Skip',
        guard: {
          window: '1h',
          deletions: { maxPercent: 10, maxCount: 50 },
          publications: { maxCount: 100 },
          updates: { maxPercent: 25, maxCount: 500 },
          minCount: 5,
        },
        interval: '1m',
        retryInterval: '30s',
        timeout: '10m',
        suspend: false,
        deletionPolicy: 'Orphan',
      },
    })
    expect(documents[1]?.resource).toMatchObject({
      spec: {
        access: 'Impersonation',
        limits: { concurrency: 8, concurrencyPerMailbox: 1, requestTimeout: '60s' },
      },
    })
    expect(documents[2]?.resource).toMatchObject({
      data: { username: 'c3luYw==', password: 'Z2VoZWlt' },
    })
  })

  test('an empty value means the default, as it does on a server', () => {
    expect(linesOf(group('members:', 'interval: ~', 'guard:'), SERVER)).toEqual([])
  })

  test('what kubectl get -o yaml prints can be applied again', () => {
    const text = `apiVersion: v1
kind: List
metadata: { resourceVersion: "" }
items:
  - apiVersion: exchangesync.dev/v1alpha1
    kind: SyncGroup
    metadata:
      name: a
      uid: 8f2b
      generation: 3
      creationTimestamp: "2026-01-31T08:00:00Z"
      managedFields: [{ manager: kubectl }]
    spec: { serverRef: { name: corp }, hub: { publicFolder: /A } }
    status: { observedGeneration: 3, items: 12 }
`
    expect(linesOf(text, SERVER)).toEqual([])
  })

  test('resources of other groups, and a kustomization, may stand beside', () => {
    const { problems, ignored, documents } = readResources([
      { name: 'a.yaml', text: 'apiVersion: apps/v1\nkind: Deployment\n---\n# nothing\n---\n' },
      { name: 'b/kustomization.yaml', text: 'resources: [a.yaml]\n' },
      { name: 'c.yaml', text: 'apiVersion: v1\nkind: ConfigMap\ndata: { a: b }\n' },
    ])
    expect({ problems, ignored, documents }).toEqual({ problems: [], ignored: 3, documents: [] })
  })

  test('a Secret that lives in the cluster only is accepted on demand', () => {
    const text = server(
      '{ url: "https://mail/", auth: { type: Basic, secretRef: { name: other } } }',
    )
    expect(readResources([{ name: 'a', text }], { externalSecrets: true }).problems).toEqual([])
  })

  test('a dangling reference leaves the resource, a duplicate and an error do not', () => {
    const wrong = group('drift: Undo').replace('name: all', 'name: wrong')
    const text = [group(), group(), wrong].join('---\n')
    const { documents } = readResources([{ name: 'a', text }])
    expect(documents.map(({ resource }) => resource !== undefined)).toEqual([true, false, false])
  })

  test('the hash changes with what is declared, and with nothing else', () => {
    const hashOf = (text: string) => readResources([{ name: 'a', text }]).documents[0]?.hash
    const before = hashOf(group('interval: 1m', 'drift: Revert'))
    expect(hashOf(`# a comment\n${group('drift: Revert')}status: { items: 3 }\n`)).toBe(before)
    expect(hashOf(group('interval: 2m'))).not.toBe(before)
  })

  const examples = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'))
  test.each(examples)('the example %s', async (name) => {
    const lines: string[] = []
    expect(await validate([join(EXAMPLES, name)], (line) => lines.push(line))).toBe(0)
    expect(lines).toEqual([expect.stringMatching(/^\d documents valid$/)])
  })

  test('all examples together', async () => {
    const lines: string[] = []
    const code = await validate(
      examples.map((name) => join(EXAMPLES, name)),
      (line) => lines.push(line),
    )
    expect({ code, lines }).toEqual({ code: 0, lines: [expect.stringMatching(/documents valid$/)] })
  })
})

describe('the command', () => {
  const run = async (...args: readonly string[]) => {
    const lines: string[] = []
    return { code: await validate(args, (line) => lines.push(line)), lines }
  }

  test('sums up for people, and exits with 1 when anything is wrong', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'validate-'))
    await writeFile(join(dir, 'a.yaml'), group('drift: Undo'))
    await writeFile(join(dir, 'b.yaml'), `${SERVER}---\napiVersion: v1\nkind: Namespace\n`)
    expect(await run(dir)).toEqual({
      code: 1,
      lines: [
        `${dir}/a.yaml:8:10: spec.drift: must be one of Revert, Ignore, not "Undo"`,
        '1 error in 1 file',
      ],
    })
    expect(await run(join(dir, 'b.yaml'))).toEqual({
      code: 0,
      lines: [
        `${dir}/b.yaml:9: warning: in a cluster the controller does not use the Secret default/login until it has the label exchangesync.dev/credentials: "true"`,
        '2 documents valid, 1 of other kinds ignored',
      ],
    })
    await rm(dir, { recursive: true })
  })

  test('says which file is not there, in the same form', async () => {
    expect(await run('nowhere.yaml')).toEqual({
      code: 1,
      lines: [
        'nowhere.yaml:1:1: does not exist; give a file, a directory, or - for standard input',
        '1 error in 1 file',
      ],
    })
  })

  test('says so when a directory holds nothing to validate', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'validate-'))
    const { code, lines } = await run(dir)
    expect([code, lines[0]]).toEqual([1, `${dir}:1:1: holds no *.yaml or *.yml file`])
    await rm(dir, { recursive: true })
  })

  test('explains itself when it is called wrongly', async () => {
    expect((await run()).code).toBe(1)
    expect((await run('--wrong', 'a.yaml')).code).toBe(1)
    const args = ['validate', '--external-secrets', '-', '-o', 'json']
    expect(configOf(args, {})).toMatchObject({ externalSecrets: true, rest: ['-'], output: 'json' })
    expect(helpFor(configOf(['validate', '--help'], {}).rest)).toMatch(/^usage: exsync validate/)
  })
})
