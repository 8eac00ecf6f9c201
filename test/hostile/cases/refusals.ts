// Servers whose words are meant for reasons, labels, messages and waits.
import { type Case, mark } from '../case.ts'
import { answer, fault, refusal, wire } from '../wire.ts'

/** Refuses every request with the code, or with another one each time. */
const refusing = (code: string | ((n: number) => string)) => () => {
  let n = 0
  return wire((socket, { operation }) => {
    n += 1
    answer(socket, refusal(operation, typeof code === 'string' ? code : code(n)))
  })
}

/** Another word for each number. */
const lettersOf = (n: number) =>
  [...String(n)].map((digit) => 'ABCDEFGHIJ'[Number(digit)] ?? '').join('')

const waits = (value: string) =>
  `<t:MessageXml><t:Value Name="BackOffMilliseconds">${value}</t:Value></t:MessageXml>`

const busy = /^(ServerBusy|ErrorServerBusy)$/

const inherited: readonly Case[] = ['constructor', '__proto__', 'toString', 'hasOwnProperty'].map(
  (name): Case => ({
    name: `code-${name.replaceAll('_', '').toLowerCase()}`,
    open: refusing(name),
    reasons: /^[A-Z][A-Za-z0-9]*$/,
  }),
)

export const refusals: readonly Case[] = [
  ...inherited,
  {
    name: 'code-long',
    open: refusing(`Error${mark}`.padEnd(1024 * 1024, 'A')),
    reasons: /^[A-Z][A-Za-z0-9]{1,99}$/,
  },
  {
    name: 'code-odd',
    open: refusing('Error_\u202e<b>\u0007'),
    reasons: /^[A-Z][A-Za-z0-9]{1,99}$/,
  },
  { name: 'code-lower', open: refusing('a1'), reasons: /^[A-Z][A-Za-z0-9]{1,99}$/ },
  {
    name: 'codes-2000',
    open: refusing((n) => `ErrorNumber${lettersOf(n)}`),
    members: 300,
    reasons: /^[A-Z][A-Za-z0-9]*$/,
  },
  {
    name: 'back-off-1e15',
    open: () =>
      wire((socket) => answer(socket, fault('ErrorServerBusy', waits('1e15')), '500 Error')),
    reasons: busy,
    forced: true,
  },
  {
    name: 'retry-after-for-ever',
    open: () => wire((socket) => answer(socket, mark, '503 Busy', ['Retry-After: 99999999999'])),
    reasons: busy,
    forced: true,
  },
  {
    name: 'retry-after-date',
    open: () =>
      wire((socket) =>
        answer(socket, mark, '429 Busy', [
          'Retry-After: Fri, 31 Dec 9999 23:59:59 GMT',
          'Date: Mon, 01 Jan 0001 00:00:00 GMT',
        ]),
      ),
    reasons: busy,
    forced: true,
  },
  {
    name: 'teapot',
    open: () => wire((socket) => answer(socket, mark, `418 ${mark.repeat(1000)}`)),
    reasons: /^HttpError$/,
  },
]
