// The hash of a dry run approves what was asked for already, as an annotation: as long as the plan would do what it showed.
import { expect, test } from 'vitest'
import { contact } from '../../controller/core/items/contact.ts'
import { seenOf } from '../../controller/core/restore.ts'
import { openState } from '../../controller/store/state.ts'
import type { Asking } from '../../controller/sync/ports/bin.ts'
import { wantedBack } from '../../controller/sync/wanted.ts'
import { agreement, ann, at, group, link } from '../support/state.ts'

const role = { id: ann, hub: true, writes: true, receives: true, private: 'Copy' } as const
const rules = {
  group,
  type: contact,
  roles: [{ ...role, drift: 'Revert' as const }],
  policy: 'HubWins' as const,
}

async function confirmedWith(asking: Asking, approved: readonly string[]) {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  const edited = { link, replica: ann, loss: '', reason: 'Edited' as const, fields: ['GivenName'] }
  const kept = [{ ...edited, item: { GivenName: 'Eva' } }]
  await baseline.commit({
    at,
    writes: [
      { write: 'kept', kept },
      { write: 'agreements', agreements: [agreement] },
    ],
  })
  state.bin.ask(new Map([[1, asking]]), 5)
  const [found] = await baseline.links([link])
  const { wanted } = await wantedBack(baseline, rules, new Set(approved))
  state.close()
  return { confirmed: wanted[0]?.confirmed, now: seenOf(link, found) }
}

test('an annotation with the hash of a plan confirms it, unless what it would edit is another by now', async () => {
  const { now } = await confirmedWith({}, [])
  const plan = { plan: 'hash', seen: now }
  expect((await confirmedWith(plan, ['hash'])).confirmed).toBe(true)
  expect((await confirmedWith(plan, ['other'])).confirmed).toBe(false)
  expect((await confirmedWith({ ...plan, seen: `${link} 0` }, ['hash'])).confirmed).toBe(false)
  expect((await confirmedWith({}, [''])).confirmed).toBe(false)
  expect((await confirmedWith({ confirmed: true }, [])).confirmed).toBe(true)
})
