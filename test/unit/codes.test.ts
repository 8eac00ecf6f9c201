// One code has one kind: a code is a condition's reason and a metric's label, and a reader who has seen it once knows
// whether to wait or to act. Collects every error that the controller makes from its source.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kindOf } from '../../controller/ews/response-codes.ts'
import { ApiError, asSyncError } from '../../controller/kube/runtime/api-error.ts'

const controller = join(import.meta.dirname, '../../controller')

/** Codes that must have two kinds, each with why. */
const exceptions: Readonly<Record<string, string>> = {}

/** Errors whose kind or code is no literal where they are made, each with why that adds no kind to a code. */
const computed: Readonly<Record<string, string>> = {
  'sync/server-health.ts: kind, code': 'passes on the error that opened the circuit',
  'sync/trying.ts: kind, reason': 'passes on the problem of a member to its server',
  "ews/missing-folder.ts: 'terminal', code":
    'HubNotFound or FolderNotFound, by the role (ews/route.ts)',
  "cli/plan/request.ts: 'terminal', code": 'names a refusal of the API server, or of the request',
  "sync/plans.ts: 'transient', error.reason":
    'passes on the error of the forecast to the status of the plan',
  'sync/propose.ts: kind, code': 'passes on the error of the hub, marked as local',
  'ews/sign-in.ts: kind, code': 'passes on the refusal of a password',
  'ews/response-codes.ts: kind, code': 'kindOf decides by the code alone: see below',
  'kube/runtime/api-error.ts: kindOf(error.status), `Api${error.reason}`':
    'the kind follows from the HTTP status, which goes with the reason: see below',
  'cli/cluster/connection.ts: kind, code': 'passes on the error of the API server',
  'cli/cluster/approve.ts: kind, code': 'passes on the error of the API server',
  "store/backup.ts: 'terminal', code": 'its callers are collected as `refused`',
}

type Made = Readonly<{ file: string; kind: string; code: string }>

const sources = readdirSync(controller, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(controller, file), 'utf8') }))

const constants = new Map(
  sources.flatMap(({ text }) =>
    [...text.matchAll(/^(?:export )?const (\w+) = '(\w+)'$/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  ),
)

// The arguments before the message: `new SyncError(kind, code, …`, and `refused(code, …` of store/backup.ts.
function madeIn({ file, text }: (typeof sources)[number]): readonly Made[] {
  const whole = /new (?:SyncError|UnsureError)\(\s*((?:[^,()]|\([^()]*\))+),\s*([^,]+),/g
  const refused = /\brefused\(\s*('\w+'),/g
  const plain = (text: string) => text.trim().replace(/\s+/g, ' ')
  return [
    ...[...text.matchAll(whole)].map(([, kind = '', code = '']) => ({
      file,
      kind: plain(kind),
      code: plain(code),
    })),
    ...(file.startsWith('store/')
      ? [...text.matchAll(refused)].map(([, code = '']) => ({ file, kind: "'terminal'", code }))
      : []),
  ].filter(({ kind }) => kind !== 'error')
}

const literal = (text: string) => /^'(\w+)'$/.exec(text)?.[1]
const made = sources.flatMap(madeIn)
const known = made.flatMap(({ file, kind, code }) => {
  const word = literal(code) ?? constants.get(code)
  return literal(kind) === undefined || word === undefined
    ? []
    : [{ file, kind: literal(kind) ?? '', code: word }]
})

test('the source is understood: what is computed has a reason, and every reason is needed', () => {
  expect(known.length).toBeGreaterThan(100)
  const dynamic = made
    .filter(({ kind, code }) => !literal(kind) || !(literal(code) ?? constants.get(code)))
    .map(({ file, kind, code }) => `${file}: ${kind}, ${code}`)
  expect([...new Set(dynamic)].sort()).toEqual(Object.keys(computed).sort())
})

test('each code has one kind', () => {
  const kinds = new Map<string, Map<string, string[]>>()
  for (const { file, kind, code } of known) {
    const of = kinds.get(code) ?? new Map<string, string[]>()
    kinds.set(code, of.set(kind, [...(of.get(kind) ?? []), file]))
  }
  const two = [...kinds].filter(([, each]) => each.size > 1)
  expect(two.filter(([code]) => exceptions[code] === undefined)).toEqual([])
  expect(Object.keys(exceptions)).toEqual(two.map(([code]) => code))
})

test('Exchange’s own codes have the kind that the table of response codes gives them', () => {
  const own = known.filter(({ code }) => /^Error[A-Z]/.test(code))
  expect(own.filter(({ code, kind }) => kindOf(code) !== kind)).toEqual([])
})

test('an answer of the API server has one kind for each reason', () => {
  const statuses = new Map([
    ['BadRequest', 400],
    ['Unauthorized', 401],
    ['Forbidden', 403],
    ['NotFound', 404],
    ['Conflict', 409],
    ['AlreadyExists', 409],
    ['Gone', 410],
    ['Expired', 410],
    ['Invalid', 422],
    ['TooManyRequests', 429],
    ['InternalError', 500],
    ['ServiceUnavailable', 503],
    ['Timeout', 504],
  ])
  const kinds = [...statuses].map(([reason, status]) => {
    const { code, kind } = asSyncError(new ApiError(status, reason, ''))
    return { code, kind, literals: known.filter((each) => each.code === code) }
  })
  for (const { kind, literals } of kinds)
    expect(literals.filter((each) => each.kind !== kind)).toEqual([])
})
