// The process that speaks GSSAPI for one identity (tickets.ts starts it). GSSAPI takes the keytab and the ticket cache from
// the environment, which is one per process, and its calls block: in a process of its own, two identities cannot mix, and
// a call that does not return is ended with the process. The tickets are in the memory of this process only.
//
// Messages: a Wish comes in, a Grant goes out, one after the other. The keytab and a krb5.conf are open files.
import { createRequire } from 'node:module'

/** A wish for a token: `service` like HTTP@mail.corp.example, `principal` like svc@CORP.EXAMPLE. */
export type Wish = Readonly<{ service: string; principal: string }>

/** The outcome: a SPNEGO token in base64; what GSSAPI said; or `missing`: the package cannot be loaded. */
export type Grant = Readonly<{ token: string } | { error: string } | { missing: true }>

/** The file descriptors that the process starts with; 3 is the channel of the messages. */
export const descriptors = { keytab: 4, config: 5 } as const

// The part of the package kerberos 7 that is used here.
type Kerberos = Readonly<{
  initializeClient: (
    service: string,
    options: Readonly<{ principal: string; mechOID: number; flags: number }>,
  ) => Promise<Readonly<{ step: (challenge: string) => Promise<string | null> }>>
  GSS_MECH_OID_SPNEGO: number
}>

// Only started as a process: others take nothing but its types.
if (process.send !== undefined) serve()

function serve(): void {
  const { env } = process
  env.KRB5_CLIENT_KTNAME = `FILE:/proc/self/fd/${descriptors.keytab}`
  env.KRB5CCNAME = 'MEMORY:own'
  env.KRB5_CONFIG = `/proc/self/fd/${descriptors.config}:${env.KRB5_CONFIG ?? '/etc/krb5.conf'}`
  // The messages of the library are read by failures.ts.
  env.LC_ALL = 'C'
  env.LANGUAGE = ''
  process.on('message', async (wish: Wish) => {
    const grant = await granted(wish)
    if (process.connected) process.send?.(grant)
  })
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches all processes of a terminal; the controller decides when this one ends.
  process.on('SIGINT', () => {})
}

async function granted({ service, principal }: Wish): Promise<Grant> {
  const kerberos = loaded()
  if (kerberos === undefined) return { missing: true }
  try {
    // No flags: the server is authenticated by TLS, not by Kerberos.
    const options = { principal, mechOID: kerberos.GSS_MECH_OID_SPNEGO, flags: 0 }
    const context = await kerberos.initializeClient(service, options)
    return { token: (await context.step('')) ?? '' }
  } catch (error) {
    return { error: error instanceof Error ? error.message : '' }
  }
}

// On Windows the package takes the tickets of the user who is logged on, not those of the keytab; elsewhere there is no /proc.
function loaded(): Kerberos | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return createRequire(import.meta.url)('kerberos') as Kerberos
  } catch {
    return undefined
  }
}
