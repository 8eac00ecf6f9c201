// What is in a Secret, as the rest of the controller takes it.

/** Who may sign in to a server, from a Secret. */
export type Credentials = Readonly<Record<string, string>>

/** The label of a Secret that may be used for signing in, with the value `true`. */
export const credentialsLabel = 'exchangesync.dev/credentials'

/** What allows the use of a Secret (namespace/name) for signing in. */
export function labelCommand(key: string): string {
  const [namespace, name] = key.split('/')
  return `kubectl label secret -n ${namespace} ${name} ${credentialsLabel}=true`
}

/**
 * The decoded values of a Secret's `data`, which is base64. It has the keys of the Secret and no others, whatever
 * they are called; what is no text is no value.
 */
export function credentialsIn(data?: Readonly<Record<string, unknown>>): Credentials {
  const credentials: Record<string, string> = Object.create(null)
  for (const [key, value] of Object.entries(data ?? {}))
    if (typeof value === 'string') credentials[key] = Buffer.from(value, 'base64').toString('utf8')
  return credentials
}
