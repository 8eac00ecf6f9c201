// Mailboxes and hubs that hold what a member, or a phone, may put there. The others' contacts must arrive.
import type { Exchange } from '../../exchange/exchange.ts'
import type { Literal } from '../../exchange/store/literal.ts'
import { type Case, mark, memberOf } from '../case.ts'
import { company, companyOf, hubPath, memberPath, oddIn, people, person } from '../world.ts'

const usual = people(12)
const usualTokens = usual.map((_, n) => `hub-${n}`)
const html = (text: string) => ({ type: 'HTML', text })

type Contents = Readonly<{
  /** In the hub before the first pass, besides the usual ones. */
  hub?: readonly Literal[]
  /** Must these reach the member? */
  travel?: boolean
  rest?: Partial<Case>
}>

/** A company with these contacts in its hub: the usual ones arrive, and none of the odd ones is touched. */
function holding(
  name: string,
  make: () => readonly Literal[],
  { travel = true, rest }: Omit<Contents, 'hub'> = {},
): Case {
  return {
    name,
    open: async () => {
      const odd = make()
      const tokens = odd.map((_, n) => `odd-${n}`)
      const named = odd.map((contact, n): Literal => ({ ...person(tokens[n] ?? ''), ...contact }))
      let before: string | undefined
      const wrong = ({ store }: Exchange) => {
        const hub = store.publicFolder(hubPath)
        const member = store.mailbox(memberOf(name, 1)).folder(memberPath)
        const large = hub.items().filter(({ contact }) => String(contact.Surname).includes('odd-'))
        const now = large.map(({ id, contact }) => `${id} ${JSON.stringify(contact).length}`).join()
        before ??= now
        return [
          ...oddIn('the hub', hub, [...usualTokens, ...tokens]),
          ...oddIn('the member', member, travel ? [...usualTokens, ...tokens] : usualTokens),
          ...(before === now ? [] : ['the odd ones in the hub are other ones']),
        ]
      }
      return company(companyOf(name, [...usual, ...named]), {}, wrong)
    },
    reasons: travel ? /^Succeeded$/ : /^(Succeeded|ItemTooLarge|MembersNotReady|Progressing)$/,
    hits: 6,
    ...rest,
  }
}

const kilo = 1024
const mega = kilo * kilo
const field = (key: string, make: () => unknown) => (): readonly Literal[] => [
  { [key]: make() } as Literal,
]

export const notes: readonly Case[] = [
  holding(
    'comment-note',
    field('Body', () => html('<!--'.repeat(100 * kilo))),
  ),
  holding(
    'bracket-note',
    field('Body', () => html('<'.repeat(160 * kilo))),
  ),
  holding(
    'deep-note',
    field('Body', () => html('<div>'.repeat(80 * kilo))),
  ),
  holding(
    'tag-note',
    field('Body', () => html(`<a ${'x=" '.repeat(100 * kilo)}`)),
  ),
  holding(
    'style-note',
    field('Body', () => html('<style>'.repeat(60 * kilo))),
  ),
  holding(
    'entity-note',
    field('Body', () => html('&'.repeat(400 * kilo))),
  ),
  holding(
    'blank-note',
    field('Body', () => ({
      type: 'Text',
      text: `a${' '.repeat(400 * kilo)}b${'\r\n'.repeat(200 * kilo)}c`,
    })),
  ),
  holding(
    'blank-html',
    field('Body', () => html(`a${' \n'.repeat(200 * kilo)}b${'&nbsp;'.repeat(60 * kilo)}`)),
  ),
  holding(
    'blank-field',
    field('JobTitle', () => `a${' '.repeat(200 * kilo)}b`),
  ),
  holding(
    'digits',
    field('BusinessPhone', () => '0 '.repeat(100 * kilo)),
  ),
  holding(
    'addresses',
    field('EmailAddress2', () => `${'a@'.repeat(100 * kilo)}x.example`),
  ),
  holding(
    'categories',
    field('Categories', () => Array.from({ length: 10_000 }, (_, n) => `c${n}`)),
  ),
  holding('bidi-names', () => [
    { GivenName: `\u202e${mark}\u2066`, CompanyName: '\u001b[31m\u0007\u0085\u009b31m\ufffe' },
    { GivenName: '\ud83d\ude00'.repeat(5000), CompanyName: '\u0300'.repeat(20_000) },
  ]),
]

const filler = 'note '.repeat(0.7 * mega)

/** A hub of small contacts that are large ones when they are read, whatever their sizes say. */
const understated: Case = {
  name: 'understated-sizes',
  open: () =>
    company(companyOf('understated-sizes', people(280)), {
      fault: ({ operation }) =>
        operation === 'GetItem'
          ? {
              kind: 'rewrite',
              as: (body) =>
                body.replaceAll(
                  '<t:Body BodyType="Text"/>',
                  `<t:Body BodyType="Text">${filler}</t:Body>`,
                ),
            }
          : undefined,
    }),
  reasons: /./,
  members: 0,
}

/** More than the memory holds, in contacts none of which is too large. */
export const many: readonly Case[] = [understated]

export const large: readonly Case[] = [
  holding(
    'large-notes',
    () => Array.from({ length: 24 }, () => ({ Body: html(`<p>${'note '.repeat(2 * mega)}</p>`) })),
    { travel: false, rest: { says: /./ } },
  ),
  holding(
    'large-contact',
    field('UserField1', () => 'x'.repeat(6 * mega)),
    { travel: false },
  ),
  holding('many-middling', () =>
    Array.from({ length: 24 }, () => ({ Body: html(`<p>${'note '.repeat(0.6 * mega)}</p>`) })),
  ),
]
