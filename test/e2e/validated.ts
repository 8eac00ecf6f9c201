// An Exchange for end-to-end tests, whose every message must be valid by Microsoft's schemas where these
// lie beside the repository: what the real program sends, and what it is answered.
import { afterAll, expect } from 'vitest'
import { type Exchange, type ExchangeOptions, startExchange } from '../exchange/exchange.ts'
import { schemaValidator } from '../exchange/schema.ts'
import type { World } from '../exchange/world.ts'

const validator = schemaValidator()
const errors: string[] = []

afterAll(() => {
  expect(errors).toEqual([])
})

/** Starts an Exchange that remembers what was not valid; the test file fails at its end if anything was. */
export function validatedExchange(world: World, options: ExchangeOptions = {}): Promise<Exchange> {
  if (validator === undefined) return startExchange(world, options)
  return startExchange(world, {
    ...options,
    inspect: ({ direction, operation, body }) => {
      // Faults are not in the schemas.
      const error = body.includes('<s:Fault>') ? undefined : validator.check(body)
      if (error !== undefined) errors.push(`${operation} ${direction}: ${error}`)
    },
  })
}
