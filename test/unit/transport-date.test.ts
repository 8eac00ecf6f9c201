// Each answer carries the server's clock of its own moment: a later answer on the same connection does not move it.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Operation } from '../../controller/ews/operations.ts'
import { Transport } from '../../controller/ews/transport.ts'
import { realClock } from '../support/clock.ts'
import { endpointAt } from '../support/endpoint.ts'

const signal = new AbortController().signal
const soap = (inside: string) =>
  `<s:Envelope xmlns:s="s"><s:Body><GetFolderResponse>${inside}</GetFolderResponse></s:Body></s:Envelope>`

const named: Operation<string, string> = {
  name: 'GetFolder',
  request: (path) => `<${path}/>`,
  result: (answer) => answer.children[0]?.name ?? '',
}

async function served(answer: (body: string, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => answer(body, response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = endpointAt(`http://127.0.0.1:${port}/`)
  const transport = new Transport(endpoint, realClock)
  onTestFinished(async () => {
    await transport.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return transport
}

test('an answer whose body is still to come keeps its own date', async () => {
  const dates = { early: 'Thu, 01 Jan 2026 00:00:00 GMT', late: 'Thu, 01 Jan 2026 00:00:05 GMT' }
  const begun = Promise.withResolvers<ServerResponse>()
  const transport = await served((body, response) => {
    const name = body.includes('<early/>') ? 'early' : 'late'
    response.writeHead(200, { date: dates[name] })
    if (name === 'late') response.end(soap('<late/>'))
    else {
      response.write(soap('<early/>').slice(0, 20))
      begun.resolve(response)
    }
  })
  // The first request goes alone.
  await transport.call(named, 'late', { limit: 'b' }, signal)
  const early = transport.callDated(named, 'early', { limit: 'a' }, signal)
  const waiting = await begun.promise
  const late = await transport.callDated(named, 'late', { limit: 'b' }, signal)
  waiting.end(soap('<early/>').slice(20))
  expect(await early).toEqual({ result: 'early', serverDateMs: Date.parse(dates.early) })
  expect(late).toEqual({ result: 'late', serverDateMs: Date.parse(dates.late) })
})

test('a server without a clock has no date, whatever an earlier answer said', async () => {
  const transport = await served((body, response) => {
    if (body.includes('<undated/>')) response.sendDate = false
    response.end(soap('<x/>'))
  })
  const dated = await transport.callDated(named, 'dated', { limit: 'a' }, signal)
  expect(dated.serverDateMs).toBeTypeOf('number')
  const undated = await transport.callDated(named, 'undated', { limit: 'a' }, signal)
  expect(undated.serverDateMs).toBeUndefined()
})
