// What is in a Secret, as the rest of the controller takes it.
import type { Credentials } from './ports.ts'

/** The decoded values of a Secret's `data`, which is base64. */
export function credentialsIn(data: Readonly<Record<string, string>> = {}): Credentials {
  const entries = Object.entries(data).map(
    ([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')] as const,
  )
  return Object.fromEntries(entries)
}
