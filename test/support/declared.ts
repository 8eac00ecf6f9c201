// Generates what people declare: specs of SyncGroups and ExchangeServers that are valid, each optional field perhaps
// left out; and how to put one wrong thing into one.
import fc from 'fast-check'

/** Plain JSON. */
export type Json = Readonly<Record<string, unknown>>

/** Where something is in a declaration. */
export type Place = readonly (string | number)[]

const word = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
const mailbox = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9._+'-]{1,20}$/), word, word)
  .map(([local, host, top]) => `${local}@${host}.${top}`)
const segment = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((text) => !/[/\n\r]/.test(text) && text === text.trim() && !/^ | $/.test(text))
const folder = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const duration = fc.oneof(
  fc.integer({ min: 1, max: 86_400 }).map((n) => `${n}s`),
  fc.integer({ min: 1000, max: 999_999 }).map((n) => `${n}ms`),
  fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${h}h${m + 1}m`),
)
const direction = fc.constantFrom('TwoWay', 'OneWay')

/** Some of the fields, each perhaps left out. */
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) =>
  fc.record(fields, { requiredKeys: [] })

const serverRef = fc.constant({ name: 'corp' })
const publicFolder = folder.map((path) => `/${path}`)

/** A mailbox or a public folder, which must be a member once only. */
const members = fc.uniqueArray(
  fc.oneof(
    fc.record({ mailbox, direction, folder, serverRef }, { requiredKeys: ['mailbox'] }),
    fc.record({ publicFolder, direction, serverRef }, { requiredKeys: ['publicFolder'] }),
  ),
  {
    selector: (member) =>
      ('mailbox' in member ? member.mailbox : member.publicFolder).toLowerCase(),
    maxLength: 12,
  },
)

/** Not among the members, which have no such names. */
const hub = fc.oneof(
  fc.record(
    { publicFolder: publicFolder.map((path) => `/The hub${path}`), serverRef },
    { requiredKeys: ['publicFolder'] },
  ),
  fc.record(
    { mailbox: mailbox.map((address) => `the.hub.${address}`), folder, serverRef },
    { requiredKeys: ['mailbox', 'folder'] },
  ),
)

/** A valid spec of a SyncGroup whose server is `corp`. */
export const groupSpec: fc.Arbitrary<Json> = fc
  .tuple(
    fc.record({
      serverRef,
      hub,
    }),
    some({
      items: fc.constant('Contacts'),
      direction,
      members,
      conflicts: fc.constantFrom('HubWins', 'MemberWins', 'LatestWins', 'KeepBoth'),
      drift: fc.constantFrom('Revert', 'Ignore'),
      private: fc.constantFrom('Skip', 'Copy'),
      guard: some({
        window: duration,
        deletions: some({ maxPercent: fc.nat(100), maxCount: fc.nat(1_000_000) }),
        publications: some({ maxCount: fc.nat(1_000_000) }),
        updates: some({ maxPercent: fc.nat(100), maxCount: fc.nat(1_000_000) }),
        minCount: fc.nat(1_000_000),
      }),
      interval: duration,
      retryInterval: duration,
      timeout: duration,
      suspend: fc.boolean(),
      deletionPolicy: fc.constantFrom('Orphan', 'RemoveCopies'),
    }),
  )
  .map(([required, optional]): Json => ({ ...required, ...optional }))

const host = fc.tuple(word, word).map(([one, other]) => `${one}.${other}`)
const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined })
const file = fc.stringMatching(/^(\/[A-Za-z0-9._~%-]{1,10}){0,3}\/?$/)
const urlOf = ([scheme, name, number, path]: readonly [
  string,
  string,
  number | undefined,
  string,
]) => `${scheme}://${name}${number === undefined ? '' : `:${number}`}${path}`
const loopback = fc.oneof(
  fc.constantFrom('localhost', '[::1]'),
  fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `127.0.${a}.${b}`),
)
const secure = fc.tuple(fc.constant('https'), host, port, file).map(urlOf)
const plain = fc.tuple(fc.constant('http'), loopback, port, file).map(urlOf)
const secret = fc.record({ name: host })

const allowed = some({
  namespaces: fc.constantFrom(
    'Same',
    'All',
    { names: ['sales', 'b'] },
    { selector: { matchLabels: { team: 'blue' } } },
    { selector: { matchExpressions: [{ key: 'team', operator: 'In', values: ['blue'] }] } },
  ),
  hubs: fc.array(
    folder.map((path) => `/${path}`),
    { maxLength: 3 },
  ),
  mailboxes: fc.array(fc.oneof(mailbox, host, fc.constant('sales-*@*.example')), { maxLength: 3 }),
  folders: fc.array(fc.oneof(folder, fc.constantFrom('Contacts/*', '*')), { maxLength: 3 }),
  private: fc.boolean(),
  directions: fc.constantFrom([], ['OneWay'], ['TwoWay', 'OneWay']),
  guard: some({
    ceilings: some({
      window: duration,
      deletions: some({ maxPercent: fc.nat(100), maxCount: fc.nat(1_000_000) }),
      publications: some({ maxCount: fc.nat(1_000_000) }),
      updates: some({ maxPercent: fc.nat(100), maxCount: fc.nat(1_000_000) }),
    }),
  }),
})

/** A valid spec of an ExchangeServer. */
export const serverSpec: fc.Arbitrary<Json> = fc
  .tuple(
    fc.oneof(
      fc.record(
        {
          url: secure,
          tls: fc.record({
            caSecretRef: fc.record(
              { name: host, key: fc.stringMatching(/^[-._A-Za-z0-9]{1,20}$/) },
              { requiredKeys: ['name'] },
            ),
          }),
        },
        { requiredKeys: ['url'] },
      ),
      fc.record({ url: plain }),
    ),
    fc.oneof(
      fc.record(
        {
          auth: fc.record({ type: fc.constantFrom('Basic', 'NTLM'), secretRef: secret }),
          access: fc.constantFrom('Impersonation', 'Delegate'),
        },
        { requiredKeys: ['auth'] },
      ),
      fc.record({ auth: fc.record({ type: fc.constant('OAuth'), secretRef: secret }) }),
    ),
    some({
      interval: duration,
      suspend: fc.boolean(),
      allowed,
      limits: fc.oneof(
        some({
          concurrency: fc.integer({ min: 8, max: 100 }),
          // At most the default of concurrency.
          concurrencyPerMailbox: fc.integer({ min: 1, max: 8 }),
          requestTimeout: fc.integer({ min: 1, max: 600 }).map((n) => `${n}s`),
        }),
        fc.nat(9).map((n) => ({ concurrency: n + 1, concurrencyPerMailbox: n + 1 })),
      ),
    }),
  )
  .map(([where, who, rest]): Json => ({ ...where, ...who, ...rest }))

/** Puts a value at a path, and makes what leads to it; `undefined` removes what is there. */
export function put(value: unknown, path: Place, leaf: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return leaf
  if (typeof key === 'number') {
    const list = Array.isArray(value) ? value : []
    return list.toSpliced(Math.min(key, list.length), 1, put(list[key], rest, leaf))
  }
  const mapping = typeof value === 'object' && value !== null && !Array.isArray(value)
  const { [key]: inner, ...others } = (mapping ? value : {}) as Record<string, unknown>
  const made = put(inner, rest, leaf)
  return made === undefined ? others : { ...others, [key]: made }
}
