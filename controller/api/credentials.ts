// Reads the content of a Secret for the rest of the controller.

/** The user name and password in a Secret. */
export type Credentials = Readonly<Record<string, string>>

/** The label that permits the use of a Secret for signing in, with the value `true`. */
export const credentialsLabel = 'exchangesync.dev/credentials'

/** The command that permits the use of a Secret (namespace/name) for signing in. */
export function labelCommand(key: string): string {
  const [namespace, name] = key.split('/')
  return `kubectl label secret -n ${namespace} ${name} ${credentialsLabel}=true`
}

/**
 * The decoded values of a Secret's `data` (base64), by its keys and no others, whatever their names. A value that is no
 * text is left out.
 */
export function credentialsIn(data?: Readonly<Record<string, unknown>>): Credentials {
  const credentials: Record<string, string> = Object.create(null)
  for (const [key, value] of Object.entries(data ?? {}))
    if (typeof value === 'string') credentials[key] = Buffer.from(value, 'base64').toString('utf8')
  return credentials
}
