// Servers whose every answer is too deep, too many, too long, or not what it says.
import { gzipSync } from 'node:zlib'
import { type Case, type Host, mark } from '../case.ts'
import { answer, closing, envelope, headOf, opening, pour, times, wire } from '../wire.ts'

const mega = 1024 * 1024
const text = Buffer.alloc(mega, `${mark} `)

/** Answers every request with the body that `make` makes. */
const says = (make: () => string | Buffer, status?: string, more?: readonly string[]) => () => {
  const body = make()
  return wire((socket) => answer(socket, body, status, more))
}

const tooMuch =
  /^(AnswerTooLarge|RequestTimeout|ServerTooSlow|AnswerTooDeep|TruncatedAnswer|NotEws|NotXml|UnreadableAnswer|IncompleteAnswer|EmptyAnswer)$/
const unreadable =
  /^(TruncatedAnswer|NotEws|NotXml|NotSoap|EmptyAnswer|IncompleteAnswer|UnreadableAnswer|AnswerTooLarge)$/

/** An answer with a document type. */
const withDoctype = (declared: string, used: string) =>
  `<?xml version="1.0"?><!DOCTYPE x [${declared}]>${opening.slice(opening.indexOf('?>') + 2)}<m:GetFolderResponse>${used}</m:GetFolderResponse>${closing}`

const laughs = Array.from(
  { length: 30 },
  (_, n) => `<!ENTITY a${n + 1} "&a${n};&a${n};&a${n};&a${n};&a${n};&a${n};&a${n};&a${n};">`,
).join('')

let fetched = 0

/** A server whose answer names another one, which counts who comes. */
async function externalEntity(): Promise<Host> {
  const other = await wire((socket) => {
    fetched += 1
    answer(socket, 'x')
  })
  const declared = `<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY h SYSTEM "${other.url}">`
  const host = await wire((socket) => answer(socket, withDoctype(declared, '&f;&h;')))
  return {
    ...host,
    wrong: () => (fetched === 0 ? [] : ['an external entity was fetched']),
    close: async () => {
      await other.close()
      await host.close()
    },
  }
}

export const answers: readonly Case[] = [
  {
    name: 'deep-nesting',
    open: says(() => `${opening}${'<a>'.repeat(1.4 * mega)}`),
    reasons: tooMuch,
  },
  {
    name: 'deep-closed',
    open: says(() => envelope(`${'<a>'.repeat(600_000)}${'</a>'.repeat(600_000)}`)),
    reasons: tooMuch,
  },
  {
    name: 'many-elements',
    open: says(() =>
      envelope(`<m:GetFolderResponse>${'<a/>'.repeat(2.5 * mega)}</m:GetFolderResponse>`),
    ),
    reasons: tooMuch,
  },
  {
    name: 'many-attributes',
    open: says(() => {
      const attributes = Array.from({ length: 200_000 }, (_, n) => `a${n}="${n}"`).join(' ')
      return envelope(`<m:GetFolderResponse ${attributes}/>`)
    }),
    reasons: tooMuch,
  },
  {
    name: 'many-messages',
    open: () => {
      const one = `<m:GetFolderResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode></m:GetFolderResponseMessage>`
      const piece = one.repeat(5000)
      return wire((socket) => {
        socket.write(headOf('200 OK', undefined))
        const head = `${opening}<m:GetFolderResponse><m:ResponseMessages>`
        pour(socket, [head, ...times(200, piece)], { chunked: true })
      })
    },
    reasons: tooMuch,
  },
  {
    name: 'endless-text',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', undefined))
        pour(socket, [opening, '<a>', ...times(400, text)], { chunked: true })
      }),
    reasons: tooMuch,
  },
  {
    name: 'announced-text',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', 400 * mega))
        pour(socket, [opening, '<a>', ...times(400, text)])
      }),
    reasons: tooMuch,
  },
  {
    name: 'endless-tag',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', undefined))
        pour(socket, [opening, '<a x="', ...times(400, text)], { chunked: true })
      }),
    reasons: tooMuch,
  },
  {
    name: 'endless-comment',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', undefined))
        pour(socket, [opening, '<!--', ...times(400, text)], { chunked: true })
      }),
    reasons: tooMuch,
  },
  {
    name: 'endless-error-page',
    open: () =>
      wire((socket) => {
        socket.write(headOf('404 Not Found', undefined))
        pour(socket, times(400, text), { chunked: true })
      }),
    reasons: /^(EwsNotFound|AnswerTooLarge|HttpError)$/,
  },
  {
    name: 'false-length',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', 400 * mega))
        socket.write(envelope('<a/>'))
        socket.end()
      }),
    reasons: /^(ConnectionLost|TruncatedAnswer|AnswerTooLarge|IncompleteAnswer)$/,
  },
  {
    name: 'short-length',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', 20))
        socket.write(envelope(`<a>${mark}</a>`))
      }),
    reasons: /^(TruncatedAnswer|NotEws|NotXml|ConnectionLost)$/,
  },
  {
    name: 'gzip-bomb',
    open: says(
      () => gzipSync(Buffer.concat([Buffer.from(opening), Buffer.alloc(400 * mega, 'a ')])),
      '200 OK',
      ['Content-Type: text/xml', 'Content-Encoding: gzip'],
    ),
    reasons: unreadable,
  },
  {
    name: 'not-gzip',
    open: says(() => envelope(`<m:GetFolderResponse>${mark}</m:GetFolderResponse>`), '200 OK', [
      'Content-Type: text/xml',
      'Content-Encoding: gzip',
    ]),
    reasons: unreadable,
  },
  {
    name: 'billion-laughs',
    open: says(() => withDoctype(`<!ENTITY a0 "${mark}">${laughs}`, '&a30;')),
    reasons: unreadable,
  },
  { name: 'external-entity', open: externalEntity, reasons: unreadable },
  {
    name: 'endless-doctype',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', undefined))
        pour(socket, ['<!DOCTYPE x [', ...times(400, text)], { chunked: true })
      }),
    reasons: tooMuch,
  },
  {
    name: 'invalid-utf-8',
    open: says(() =>
      Buffer.from(envelope(`<m:GetFolderResponse>\xff\xfe${mark}</m:GetFolderResponse>`), 'latin1'),
    ),
    reasons: unreadable,
  },
  {
    name: 'utf-16',
    open: says(() =>
      Buffer.from(
        `\ufeff${envelope(`<m:GetFolderResponse>${mark}</m:GetFolderResponse>`)}`,
        'utf16le',
      ),
    ),
    reasons: unreadable,
  },
  {
    name: 'nul',
    open: says(() => Buffer.alloc(mega)),
    reasons: unreadable,
  },
  {
    name: 'login-page',
    open: says(
      () => `<!DOCTYPE html><html><body><form>${mark} sign in<br>`.padEnd(300_000, '<p>&nbsp;'),
      '200 OK',
      ['Content-Type: text/html'],
    ),
    reasons: /^NotEws$/,
    says: /Exchange\.asmx/,
  },
  {
    name: 'other-type',
    open: says(() => `{"error":"${mark}"}`, '200 OK', ['Content-Type: application/json']),
    reasons: /^NotEws$/,
  },
  {
    name: 'closes-early',
    open: () =>
      wire((socket) => {
        socket.write(headOf('200 OK', undefined))
        socket.end(`20\r\n${opening.slice(0, 32)}\r\n`)
      }),
    reasons: /^(TruncatedAnswer|ConnectionLost|NotEws)$/,
  },
  {
    name: 'other-answer',
    open: says(() =>
      envelope(
        '<m:DeleteItemResponse><m:ResponseMessages><m:DeleteItemResponseMessage ResponseClass="Success">' +
          '<m:ResponseCode>NoError</m:ResponseCode></m:DeleteItemResponseMessage></m:ResponseMessages></m:DeleteItemResponse>',
      ),
    ),
    reasons: /^(IncompleteAnswer|UnreadableAnswer|OtherAnswer|HubNotFound)$/,
  },
  {
    name: 'nothing',
    open: says(() => ''),
    reasons: unreadable,
  },
]
