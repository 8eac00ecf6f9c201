// Reads the content of a Secret for the rest of the controller.
import type { ExchangeServerAuth } from './resources.generated.ts'
import { strayIn, strayRemedy } from './stray.ts'

/** The values in a Secret, by key. A `keytab` is in base64, everything else is text. */
export type Credentials = Readonly<Record<string, string>>

/** The keys of the Secret that each type of signing in needs. */
export const credentialKeys: Readonly<Record<ExchangeServerAuth['type'], readonly string[]>> = {
  Basic: ['username', 'password'],
  NTLM: ['username', 'password'],
  Kerberos: ['username', 'keytab'],
  OAuth: ['tokenURL', 'clientID', 'clientSecret', 'scope'],
}

/** The label that permits the use of a Secret for signing in, with the value `true`. */
export const credentialsLabel = 'exchangesync.dev/credentials'

/** The command that permits the use of a Secret (namespace/name) for signing in. */
export function labelCommand(key: string): string {
  const [namespace, name] = key.split('/')
  return `kubectl label secret -n ${namespace} ${name} ${credentialsLabel}=true`
}

/**
 * The decoded values of a Secret's `data` (base64), by its keys and no others, whatever their names. A value that is no
 * text is left out. A `keytab` is binary, so it stays in base64.
 */
export function credentialsIn(data?: Readonly<Record<string, unknown>>): Credentials {
  const credentials: Record<string, string> = Object.create(null)
  for (const [key, value] of Object.entries(data ?? {})) {
    if (typeof value !== 'string') continue
    const bytes = Buffer.from(value, 'base64')
    credentials[key] = bytes.toString(key === 'keytab' ? 'base64' : 'utf8')
  }
  return credentials
}

/**
 * Why a value cannot be used for signing in, with the remedy; undefined if it can. Such a value is never sent: a server
 * would count it as a wrong password, and may lock the account.
 */
export function credentialFault(key: string, value: string): string | undefined {
  if (value === '') return 'is empty: put the value there'
  const stray = strayIn(key, value)
  if (stray !== undefined) return `${stray}: ${strayRemedy}`
  if (key === 'username' && value.includes('\\\\'))
    return 'has two backslashes in a row: write the user name as DOMAIN\\user, with one'
  if (key === 'tokenURL' && !isEndpoint(value))
    return 'is no URL of a token endpoint: put the address of the token endpoint there, like https://adfs.corp.example/adfs/oauth2/token'
  if (key === 'keytab' && !isKeytab(value))
    return 'is no keytab: create the Secret with kubectl create secret generic --from-file=keytab=FILE'
  return undefined
}

function isEndpoint(value: string): boolean {
  const { protocol, username } = URL.canParse(value)
    ? new URL(value)
    : { protocol: '', username: '' }
  return /^https?:$/.test(protocol) && username === ''
}

// Version 2 of MIT Kerberos, big-endian.
function isKeytab(value: string): boolean {
  return Buffer.from(value, 'base64')
    .subarray(0, 2)
    .equals(Buffer.from([5, 2]))
}
