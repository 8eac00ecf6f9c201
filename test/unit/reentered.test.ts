// What is wanted back of a contact that was deleted edits the one that was entered again meanwhile.
import { expect, test } from 'vitest'
import type { ItemId, LinkId } from '../../controller/core/id.ts'
import type { Item } from '../../controller/core/item.ts'
import { contact } from '../../controller/core/items/contact.ts'
import { openState } from '../../controller/store/state.ts'
import { reentered } from '../../controller/sync/reentered.ts'
import { agreement, ann, at, copy, group } from '../support/state.ts'

const ewa: Item = { GivenName: 'Ewa', Surname: 'Żak', CompanyName: 'Acme' }
const mailed = (address: string): Item => ({
  ...ewa,
  'Email:EmailAddress1': { address },
})

/** To which links those go that are wanted back, where these are there; undefined: an agreed deletion. */
async function turned(
  there: Readonly<Record<string, Item | undefined>>,
  wanted: Readonly<Record<string, Item>>,
): Promise<readonly string[]> {
  const state = openState(':memory:')
  const baseline = state.baseline(group)
  const agreements = Object.entries(there).map(([link, agreed]) => ({
    ...agreement,
    link: link as LinkId,
    agreed,
    copies: new Map([[ann, { ...copy(link), id: `${link}/a` as ItemId }]]),
  }))
  await baseline.commit({ at, writes: [{ write: 'agreements', agreements }] })
  const asked = Object.entries(wanted).map(([link, item]) => ({ link: link as LinkId, item }))
  const all = await reentered(baseline, contact, asked)
  state.close()
  return all.map(({ link }) => link)
}

test.each([
  ['one that is there is edited itself', { one: ewa, two: ewa }, { one: ewa }, ['one']],
  [
    'one that was deleted comes back as itself',
    { two: { GivenName: 'Jan' } },
    { one: ewa },
    ['one'],
  ],
  [
    'one that was entered again is edited',
    { two: { ...ewa, JobTitle: '2' } },
    { one: ewa },
    ['two'],
  ],
  [
    'also where its deletion is not everywhere yet',
    { one: undefined, two: ewa },
    { one: ewa },
    ['two'],
  ],
  ['of two that it may be it is neither', { two: ewa, six: ewa }, { one: ewa }, ['one']],
  [
    'a namesake with another address is another person',
    { two: mailed('other@client.example') },
    { one: mailed('ewa@client.example') },
    ['one'],
  ],
  [
    'where only one of two namesakes does not contradict it, it is that one',
    { two: mailed('other@client.example'), six: mailed('ewa@client.example') },
    { one: mailed('ewa@client.example') },
    ['six'],
  ],
  [
    'each of several finds its own',
    { two: ewa },
    { one: ewa, six: { GivenName: 'Jan' } },
    ['two', 'six'],
  ],
  ['what has nothing to be known by comes back as itself', { two: {} }, { one: {} }, ['one']],
  ['none is wanted', { two: ewa }, {}, []],
] as const)('%s', async (_, there, wanted, links) => {
  expect(await turned(there, wanted)).toEqual(links)
})
