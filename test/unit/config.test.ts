// Flags of the state: what they take, and what is said of anything else.
import { expect, test } from 'vitest'
import { helpFor } from '../../controller/cli/help.ts'
import { configOf } from '../../controller/config.ts'

const run = (...args: readonly string[]) => configOf(['run', '--state', 's', ...args], {})

test.each([
  ['1Gi', 2 ** 30],
  ['500Mi', 500 * 2 ** 20],
  ['64Ki', 2 ** 16],
  ['10', 10],
])('--bin-limit %s', (text, bytes) => {
  expect(run('--bin-limit', text).binMaxBytes).toBe(bytes)
})

test.each(['0', '-1', '1GB', '1.5Gi', 'all', ''])('--bin-limit %j is refused by name', (text) => {
  expect(() => run(`--bin-limit=${text}`)).toThrow(
    expect.objectContaining({
      code: 'InvalidArguments',
      message: expect.stringContaining('--bin-limit'),
    }),
  )
})

test('without a flag the bin may hold 1Gi, and the key comes from the environment or not at all', () => {
  expect(run().binMaxBytes).toBe(2 ** 30)
  expect(run().keyFile).toBeUndefined()
  const environment = { EXSYNC_KEY_FILE: 'from-there' }
  expect(configOf(['run', '--state', 's'], environment).keyFile).toBe('from-there')
  expect(configOf(['run', '--state', 's', '--key-file', 'k'], environment).keyFile).toBe('k')
})

test('a webhook needs a URL of https, by a flag or the environment, and a secret; no message has the URL', () => {
  const secret = ['--notify-secret-file', 'f']
  const url = 'https://hooks.corp.example/token?cluster=a'
  const notify = { url, secretFile: 'f' }
  expect(run().notify).toBeUndefined()
  expect(run('--notify-url', url, ...secret).notify).toEqual(notify)
  const environment = { EXSYNC_NOTIFY_URL: url }
  expect(configOf(['run', '--state', 's', ...secret], environment).notify).toEqual(notify)
  // A command in the pod of a controller has its environment, too.
  expect(configOf(['status', '--state', 's'], environment).notify).toBeUndefined()
  for (const local of ['http://localhost:1/x', 'http://127.0.0.1/', 'http://[::1]:80/'])
    expect(run('--notify-url', local, ...secret).notify?.url).toBe(local)
  const refused: readonly (readonly [string[], RegExp])[] = [
    [['--notify-url', url], /needs --notify-secret-file/],
    [secret, /needs --notify-url, or EXSYNC_NOTIFY_URL/],
    [['--notify-url', 'http://hooks.corp.example/token', ...secret], /not a URL of https/],
    [['--notify-url', 'http://127.0.0.1.corp.example/token', ...secret], /not a URL of https/],
    [['--notify-url', 'ftp://localhost/token', ...secret], /not a URL of https/],
    [['--notify-url', 'token', ...secret], /not a URL of https/],
    [['--notify-url', `https://a/token${'x'.repeat(2_048)}`, ...secret], /not a URL of https/],
    [['--notify-url', 'https://user:token@a/', ...secret], /has a user or a password/],
  ]
  for (const [args, message] of refused) {
    expect(() => run(...args)).toThrow(message)
    expect(() => run(...args)).not.toThrow(/token/)
  }
})

test('health and metrics are served where they are wanted: on Kubernetes, or where they are named', () => {
  expect(run().metrics).toEqual({ address: ':8080', named: false })
  expect(run().health).toEqual({ address: ':9440', named: false })
  expect(run('--local', 'd').metrics.address).toBeUndefined()
  expect(run('--once').metrics.address).toBeUndefined()
  expect(run('--metrics-bind-address', '0').metrics).toEqual({ address: undefined, named: true })
  const named = run('--local', 'd', '--health-probe-bind-address', '127.0.0.1:1').health
  expect(named).toEqual({ address: '127.0.0.1:1', named: true })
  expect(() => run('--metrics-bind-address', 'here')).toThrow(/--metrics-bind-address here/)
})

test('a Lease whose holder would not stop before another one begins is refused', () => {
  const { kube } = run('--watch-namespace', 'a', '--watch-namespace=b', '--no-leader-elect')
  expect(kube).toMatchObject({ namespaces: ['a', 'b'], elect: false, leaseMs: 15_000 })
  expect(() => run('--leader-elect-renew-deadline', '15s')).toThrow(/lease-duration/)
  expect(() => run('--leader-elect-retry-period', '9s')).toThrow(/retry-period/)
  expect(() => run('--concurrent', '0')).toThrow(/--concurrent 0/)
})

test.each([
  ['run', 'run [--local DIR] --state DIR'],
  ['plan', 'plan (--local DIR | -f FILE…)'],
  ['status', 'status --state DIR'],
  ['conflicts', 'conflicts [list | show N]'],
  ['conflicts show', 'conflicts show N'],
  ['bin', 'bin [list]'],
  ['bin list', 'bin list'],
  ['bin show', 'bin show N'],
  ['bin restore', 'bin restore N…'],
  ['history', 'history [--item N'],
  ['rollback', 'rollback --group NS/NAME --to T'],
  ['rekey', 'rekey --state DIR --key-file OLD --new-key-file NEW'],
  ['backup', 'backup FILE --state DIR'],
  ['restore-state', 'restore-state FILE --state DIR [--dry-run]'],
  ['forget', 'forget (--item N | --match TEXT)'],
  ['', '<command>'],
  ['unheard', '<command>'],
])('the help of %j needs no other flag', (command, head) => {
  const words = command.split(' ').filter(Boolean)
  for (const args of [
    [...words, '--help'],
    [...words, '-h'],
    ['help', ...words],
  ]) {
    const config = configOf(args, {})
    expect(config.command).toBe('help')
    expect(helpFor(config.rest).split('\n')[0]).toContain(`usage: exsync ${head}`)
  }
})

test.each(['run extra', 'status extra', 'plan --local . extra', 'rekey extra', 'forget extra'])(
  'what would not be looked at is refused: %s',
  (line) => {
    const args = [...line.split(' '), '--state', 's']
    expect(() => configOf(args, {})).toThrow(/^exsync \w+ takes no extra: see exsync \w+ --help$/)
  },
)

test('rekey takes a state and the keys of before and after', () => {
  expect(() => configOf(['rekey', '--plain'], {})).toThrow(/--state DIR is missing/)
  const given = ['--state', 's', '--key-file', 'old', '--new-key-file', 'new']
  const keys = { keyFile: 'old', newKeyFile: 'new', plain: false }
  expect(configOf(['rekey', ...given], {})).toMatchObject(keys)
  expect(configOf(['rekey', '--state', 's', '--plain'], {}).plain).toBe(true)
})

test('a plan takes all files that a shell makes of a pattern', () => {
  expect(configOf(['plan', '-f', 'a', 'b', '--state', 's', 'c'], {}).files).toEqual(['a', 'b', 'c'])
})

test('a plan takes changed files, a cluster, and forms of its own', () => {
  const of = (...args: readonly string[]) => configOf(['plan', ...args], {})
  expect(of('--local', 'd', '--against', 'a', 'b')).toMatchObject({
    files: [],
    against: ['a', 'b'],
  })
  expect(of('-f', 'a', '--against', 'b')).toMatchObject({ files: ['a'], against: ['b'] })
  expect(of('--kubeconfig', 'k', '--context', 'c', '-n', 'sales').kube).toMatchObject({
    kubeconfig: 'k',
    named: true,
    context: 'c',
    namespaces: ['sales'],
  })
  expect(of('-o', 'wide')).toMatchObject({ output: 'table', form: 'wide', showNames: undefined })
  expect(of('-o', 'json', '--no-show-names')).toMatchObject({ output: 'json', showNames: false })
  expect(of('--show-names').showNames).toBe(true)
})

test('whom to forget, and that it is meant', () => {
  const given = ['--item', '7', '--match', 'ewa', '--group', 'ns/g', '--yes']
  const asked = { item: 7, match: 'ewa', group: 'ns/g', yes: true, dryRun: false }
  expect(configOf(['forget', '--state', 's', ...given], {})).toMatchObject(asked)
  const none = { item: undefined, match: undefined, group: undefined, yes: false, dryRun: false }
  expect(configOf(['forget', '--state', 's'], {})).toMatchObject(none)
  const dry = configOf(['restore-state', 'f', '--state', 's', '--dry-run'], {})
  expect(dry).toMatchObject({ rest: ['f'], dryRun: true })
  expect(() => configOf(['forget', '--state', 's', '--dry-run'], {})).toThrow(/takes no --dry-run/)
  for (const command of ['forget', 'backup', 'restore-state'])
    expect(() => configOf([command], {})).toThrow(/--state DIR is missing/)
  expect(configOf(['backup', 'f', '--state', 's'], {}).rest).toEqual(['f'])
})
