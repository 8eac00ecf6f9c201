// Validates requests and responses against Microsoft's published schemas, where these lie beside the
// repository (`../shared/ews-schema`). The server itself does not need them; tests hand `inspect` to
// `startExchange` and look at `errors` at the end.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ParseOption, XmlDocument, XsdValidator } from 'libxml2-wasm'
import { xmlRegisterFsInputProviders } from 'libxml2-wasm/lib/nodejs.mjs'
import type { Message } from './http/border.ts'

/** Looks at messages and remembers what is wrong with them. */
export type Validator = Readonly<{
  /** To be given to `startExchange`: whatever is invalid must be refused, and only that. */
  inspect: (message: Message) => void
  /** What is wrong with one message; undefined when nothing is. */
  check: (body: string) => string | undefined
  /** Everything that `inspect` has found, one text per message. */
  errors: readonly string[]
}>

const directory = fileURLToPath(new URL('../../../shared/ews-schema/', import.meta.url))
const file = `${directory}soap.xsd`

/** Why nothing can be validated here; undefined when it can. */
export const schemaMissing: string | undefined = existsSync(file)
  ? undefined
  : `there are no schemas in ${directory}`

/** What the user agent of our client begins with. */
const ours = 'exchange-sync-controller/'

/** A code that the schemas know, in the place of one that a fault has put there. */
const known = '>ErrorInternalServerError<'

let compiled: XsdValidator | undefined

/**
 * A validator that adds to these errors; undefined where there are no schemas. In continuous integration
 * (`CI=true`) they must be there.
 */
export function schemaValidator(errors: string[] = []): Validator | undefined {
  if (schemaMissing !== undefined) {
    if (process.env.CI === 'true') throw new Error(schemaMissing)
    return undefined
  }
  compiled ??= compile()
  const xsd = compiled
  let pending: string | undefined
  const check = (body: string) => validated(xsd, body)
  const inspect = ({ direction, operation, body, agent = '', injected }: Message) => {
    const tell = (error: string | undefined) => {
      if (error !== undefined) errors.push(`${operation} ${direction}: ${error}\n${body}`)
    }
    if (direction === 'request') {
      pending = check(body)
      // Ours is never to be refused.
      if (agent.startsWith(ours)) tell(pending)
    } else if (!body.includes('<s:Fault>')) {
      tell(
        pending ?? check(injected === undefined ? body : body.replaceAll(`>${injected}<`, known)),
      )
    } else if (body.includes('>ErrorSchemaValidation<') && pending === undefined && !injected) {
      // Faults themselves are not in the schemas, and a fault may be the answer to anything.
      tell('a valid request was refused as invalid')
    }
  }
  return { inspect, check, errors }
}

function compile(): XsdValidator {
  xmlRegisterFsInputProviders()
  using document = XmlDocument.fromBuffer(readFileSync(file), { url: file })
  return XsdValidator.fromDoc(document)
}

function validated(xsd: XsdValidator, body: string): string | undefined {
  try {
    using document = XmlDocument.fromString(body, { option: ParseOption.XML_PARSE_NONET })
    xsd.validate(document)
    return undefined
  } catch (error) {
    return (error as Error).message.trim()
  }
}
