// Files among the declarations that nobody means well with. Each is told, and none ends anything.
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from '../case.ts'

const kilo = 1024

/** A file with this text. */
const file = (name: string, make: () => string | Buffer, logged?: RegExp): Case => ({
  name,
  files: (directory) => writeFileSync(join(directory, `${name}.yaml`), make()),
  logged: logged ?? new RegExp(`/${name}\\.yaml`),
})

const head = (kind: string, name: string) =>
  `apiVersion: exchangesync.dev/v1alpha1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: odd }\n`

const lines = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n')

export const files: readonly Case[] = [
  {
    name: 'fifo',
    files: (directory) => void execFileSync('mkfifo', [join(directory, 'fifo.yaml')]),
    logged: /\/fifo\.yaml/,
  },
  {
    name: 'device',
    files: (directory) => symlinkSync('/dev/zero', join(directory, 'device.yaml')),
    logged: /\/device\.yaml/,
  },
  {
    name: 'folder',
    files: (directory) => void mkdirSync(join(directory, 'folder.yaml')),
  },
  file('flow', () => '['.repeat(400 * kilo)),
  file('flow-closed', () => `a: ${'['.repeat(100 * kilo)}${']'.repeat(100 * kilo)}`),
  file('flow-maps', () => '{a: '.repeat(100 * kilo)),
  file('blocks', () => lines(700, (n) => `${' '.repeat(n)}a:`)),
  file('dashes', () => `a: ${'- '.repeat(100 * kilo)}`),
  file(
    'two-mega',
    () => `${head('SyncGroup', 'large')}spec: { }\n${'# comment\n'.repeat(200 * kilo)}`,
  ),
  file('anchors', () => lines(100_000, (n) => `k${n}: &a${n} 1`).slice(0, 900 * kilo)),
  file('keys', () => `${head('SyncGroup', 'keys')}spec:\n${lines(80_000, (n) => `  k${n}: 1`)}`),
  file(
    'keys-300000',
    () => `${head('SyncGroup', 'keys-more')}spec:\n${lines(300_000, (n) => `  k${n}: 1`)}`,
  ),
  file('anchors-100000', () => lines(100_000, (n) => `k${n}: &a${n} value`)),
  file(
    'aliases',
    () =>
      `${lines(9, (n) => `a${n + 1}: &a${n + 1} [${Array(9).fill(n === 0 ? 'x' : `*a${n}`)}]`)}`,
  ),
  file('quotes', () => `a: "${'\\'.repeat(200 * kilo)}`),
  file('documents', () => '---\na: 1\n'.repeat(50_000)),
  file('no-spec', () => head('SyncGroup', 'no-spec')),
  file('null-spec', () => `${head('ExchangeServer', 'null-spec')}spec: null\n`),
  file(
    'invalid-port',
    () =>
      `${head('ExchangeServer', 'port')}spec: { url: 'https://mail.example:99999/EWS/Exchange.asmx', auth: { type: Basic, secretRef: { name: a } } }\n`,
  ),
  file(
    'invalid-host',
    () =>
      `${head('ExchangeServer', 'host')}spec: { url: 'https://-..-/EWS/Exchange.asmx', auth: { type: Basic, secretRef: { name: a } } }\n`,
  ),
  file(
    'inherited',
    () =>
      `${head('SyncGroup', 'inherited')}spec: { __proto__: { a: 1 }, constructor: 1, members: { length: 1e9 } }\n`,
  ),
  file(
    'many-members',
    () =>
      `${head('SyncGroup', 'many')}spec: { serverRef: { name: corp }, hub: { publicFolder: /A }, members: [${lines(20_000, (n) => `{ mailbox: m${n}@a.example },`)}] }\n`,
  ),
  file('not-utf-8', () =>
    Buffer.from(`${head('SyncGroup', 'bytes')}spec: { a: \xff\xfe }\n`, 'latin1'),
  ),
  file('binary', () => Buffer.alloc(600 * kilo)),
  file('long-line', () => `a: ${'x'.repeat(900 * kilo)}: b`),
]
