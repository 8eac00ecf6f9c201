// What is in a Secret, as the rest of the controller takes it.
import type { Credentials } from './ports.ts'

/** The label of a Secret that may be used for signing in, with the value `true`. */
export const credentialsLabel = 'exchangesync.dev/credentials'

/** What allows the use of a Secret (namespace/name) for signing in. */
export function labelCommand(key: string): string {
  const [namespace, name] = key.split('/')
  return `kubectl label secret -n ${namespace} ${name} ${credentialsLabel}=true`
}

/** The decoded values of a Secret's `data`, which is base64. */
export function credentialsIn(data: Readonly<Record<string, string>> = {}): Credentials {
  const entries = Object.entries(data).map(
    ([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const,
  )
  return Object.fromEntries(entries)
}
