// The messages of every Exchange that a test starts are validated, without its doing: what is counted, and what is found.
import { expect, test } from 'vitest'
import { userAgent } from '../../controller/ews/transport.ts'
import { invalid, validated } from '../support/validation.ts'
import { startExchange } from './exchange.ts'
import { inspection } from './http/inspection.ts'
import { schemaMissing } from './schema.ts'
import { envelope, person, WORLD } from './support.ts'

const question =
  '<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="contacts"/></m:FolderIds></m:GetFolder>'

test.skipIf(schemaMissing !== undefined)('request and answer are validated', async () => {
  const exchange = await startExchange(WORLD, { port: 'none' })
  const before = validated().messages
  await person(exchange, 'anna').ask(question)
  expect(validated().messages).toBe(before + 2)
  expect(invalid()).toEqual([])
})

test.skipIf(schemaMissing !== undefined)('what is invalid is found', async () => {
  const inspect = await inspection()
  const wrong = envelope(question.replace('IdOnly', 'Nothing'))
  const see = (direction: 'request' | 'response', body: string, agent?: string) =>
    inspect?.({ direction, operation: 'GetFolder', body, agent })
  see('request', envelope(question))
  see('response', wrong)
  expect(invalid()).toEqual([expect.stringContaining('Nothing')])
  // A request that is refused may be invalid, unless it is ours.
  const refusal = envelope('<s:Fault>>ErrorSchemaValidation<</s:Fault>')
  see('request', wrong, 'curl/8')
  see('response', refusal)
  expect(invalid()).toEqual([])
  see('request', wrong, userAgent)
  expect(invalid()).toEqual([expect.stringContaining('GetFolder request')])
})
