// How an Exchange signs people in, as a world says it.
import type { ExtendedProtection } from './channel-binding.ts'

/** A way to sign in, as it is called in WWW-Authenticate. */
export type Scheme = 'Basic' | 'NTLM' | 'Negotiate' | 'Bearer'

/** An application that gets tokens for itself, and the user whose rights it has. */
export type WorldApp = Readonly<{ id: string; secret: string; as: string }>

/** The part `signIn` of a world. */
export type WorldSignIn = Readonly<{
  /** In the order of the headers. Default: Basic alone. */
  offers?: readonly Scheme[]
  /** Default: Off. Without TLS there is no channel to bind to, and nothing is checked. */
  extendedProtection?: ExtendedProtection
  apps?: readonly WorldApp[]
  /** For so long a token is good. Default: 3600. */
  tokenSeconds?: number
  /** Takes Kerberos inside of Negotiate, with the keys in this file. Default: not. */
  kerberos?: Readonly<{ keytab: string }>
}>

/** All schemes. */
export const SCHEMES: readonly Scheme[] = ['Basic', 'NTLM', 'Negotiate', 'Bearer']

/** All levels of extended protection. */
export const PROTECTIONS: readonly ExtendedProtection[] = ['Off', 'Allow', 'Require']

/** The settings of a world, with the defaults. */
export function settingsOf(
  world: WorldSignIn = {},
): Required<Omit<WorldSignIn, 'kerberos'>> & Pick<WorldSignIn, 'kerberos'> {
  const { offers = ['Basic'], extendedProtection = 'Off', apps = [], tokenSeconds = 3600 } = world
  const { kerberos } = world
  return { offers, extendedProtection, apps, tokenSeconds, ...(kerberos && { kerberos }) }
}
