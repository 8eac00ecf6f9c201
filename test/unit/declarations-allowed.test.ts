// What an ExchangeServer allows, in a directory: all of it counts but the namespaces, whose labels nobody could read there.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import { LocalDeclarations } from '../../controller/local/declarations.ts'
import { problemText } from '../../controller/validation/problem.ts'
import { groupOf, secretOf, serverOf } from '../e2e/support.ts'
import { realClock } from '../support/clock.ts'
import { hubOf } from '../support/declaration.ts'

async function hindranceOf(allowed: object, spec: object = {}, namespace = 'sales') {
  const top = mkdtempSync(join(tmpdir(), 'exsync-allowed-'))
  onTestFinished(() => rmSync(top, { recursive: true, force: true }))
  const group = groupOf({
    members: [{ mailbox: 'anna@corp.example' }],
    spec: { serverRef: { name: 'corp', namespace: 'sales' }, ...spec },
  }) as { metadata: object }
  const resources = [
    serverOf('https://mail.corp.example/', { allowed }),
    secretOf('account', { username: 'sync', password: 'one' }),
    { ...group, metadata: { ...group.metadata, namespace } },
  ]
  const text = resources.map((each) => stringify(each)).join('---\n')
  const said: string[] = []
  const declarations = new LocalDeclarations(
    async () => [{ name: 'all.yaml', text }],
    top,
    realClock,
    (problems) => void said.push(...problems.map(problemText)),
    'look',
    { crossNamespace: true },
  )
  const [declared] = await declarations.groups()
  expect(said).toEqual([])
  return hubOf(declared).hindrance
}

test.each([
  ['Same', 'other', undefined],
  ['All', 'other', undefined],
  [{ names: ['x'] }, 'sales', undefined],
  [{ names: ['x'] }, 'other', undefined],
])('namespaces: %j is no matter for a group of %s', async (namespaces, namespace, code) => {
  expect((await hindranceOf({ namespaces }, {}, namespace))?.code).toBe(code)
})

test('a selector is refused, with the reason', async () => {
  const error = await hindranceOf({ namespaces: { selector: { matchLabels: { a: 'b' } } } })
  expect([error?.kind, error?.code]).toEqual(['terminal', 'NotAllowed'])
  expect(error?.message).toMatch(/selector of the ExchangeServer corp .* \(in a directory/)
})

test.each([
  [{ hubs: ['/Lunch'] }, {}, 'NotAllowed'],
  [{ hubs: ['/Company'] }, {}, undefined],
  [{}, { private: 'Copy' }, 'NotAllowed'],
  [{ mailboxes: [] }, {}, undefined],
])('with %j a group with %j is hindered by %s', async (allowed, spec, code) => {
  expect((await hindranceOf(allowed, spec))?.code).toBe(code)
})
