// Signs people in, as IIS does in front of Exchange: by Basic and by tokens each request, by NTLM and Negotiate the
// connection. What is wrong with a sign-in is counted here; the client is only asked to sign in again.
import { randomBytes } from 'node:crypto'
import { DerError } from '../http/der.ts'
import type { State, User } from '../store/item.ts'
import { channelBindingOf } from './channel-binding.ts'
import { Issuer } from './issuer.ts'
import { Acceptor } from './kerberos.ts'
import { type Handshake, type Judgement, judge, type Refusal } from './ntlm.ts'
import { challengeMessage, messageTypeOf, NtlmError, negotiatedFlags } from './ntlm-message.ts'
import { type Scheme, settingsOf } from './settings.ts'
import { clientTokenOf, firstSignature, MECHANISM, serverToken } from './spnego.ts'

/** A request, as far as signing in goes. `connection` is the same object for all that come by one connection. */
export type Arrival = Readonly<{
  headers: Readonly<Record<string, string>>
  connection?: object
}>

/** Who asks, and the values of WWW-Authenticate: with a 401 when that is nobody, else with the answer. */
export type SignedIn = Readonly<{ user: User | undefined; challenges: string[] }>

/** Sign-ins so far. Users are named by their address; who is not known, by the name as it was sent. */
export type SignIns = Readonly<{
  /** NTLM handshakes, in Negotiate too, that began. */
  begun: number
  /** By Basic and by tokens, every request counts. */
  accepted: Readonly<Record<string, number>>
  refused: Readonly<Record<string, number>>
  /** How often for which reason. */
  refusals: Readonly<Partial<Record<Refusal, number>>>
  /** What the last NTLM sign-in that was judged has shown. */
  last: Omit<Judgement<unknown>, 'user' | 'session'> | undefined
}>

type Connection = {
  user: User | undefined
  /** The scheme of the handshake that is under way. */
  scheme: Scheme | undefined
  handshake: Handshake | undefined
  spnego: Spnego | undefined
}
type Spnego = Readonly<{ list: Buffer; demandMic: boolean }>

/** The server's part in signing in. */
export class Authentication {
  /** Issues the tokens; undefined when none are taken. */
  readonly issuer: Issuer | undefined
  readonly #acceptor: Acceptor | undefined
  readonly #state: State
  readonly #settings: ReturnType<typeof settingsOf>
  readonly #binding: Buffer | undefined
  readonly #origin: () => string
  readonly #connections = new WeakMap<object, Connection>()
  readonly #counts = {
    begun: 0,
    accepted: new Map<string, number>(),
    refused: new Map<string, number>(),
    refusals: new Map<string, number>(),
    last: undefined as SignIns['last'],
  }

  /** `certificate` (PEM) is what connections are bound to; `origin` is where this server answers. */
  constructor(state: State, certificate: string | undefined, origin: () => string) {
    this.#state = state
    this.#settings = settingsOf(state.signIn)
    this.#binding = certificate === undefined ? undefined : channelBindingOf(certificate)
    this.#origin = origin
    const { apps, tokenSeconds, offers, kerberos } = this.#settings
    if (kerberos) this.#acceptor = new Acceptor(kerberos.keytab)
    if (offers.includes('Bearer')) this.issuer = new Issuer(apps, tokenSeconds, state.clock)
  }

  /** Sign-ins so far. */
  get signIns(): SignIns {
    const { begun, accepted, refused, refusals, last } = this.#counts
    const [all, not, why] = [accepted, refused, refusals].map((each) => Object.fromEntries(each))
    return { begun, accepted: all ?? {}, refused: not ?? {}, refusals: why ?? {}, last }
  }

  /** Signs a request in, by what it brings or by its connection. */
  signIn(arrival: Arrival): SignedIn | Promise<SignedIn> {
    const { headers, connection = {} } = arrival
    const { authorization } = headers
    const known = this.#connection(connection)
    if (authorization === undefined) {
      const user = known.user && this.#state.users.get(known.user.address)
      return user ? { user, challenges: [] } : { user: undefined, challenges: this.#offers() }
    }
    const [, name = '', token = ''] = /^(\S+)\s*(.*)$/.exec(authorization.trim()) ?? []
    const scheme = this.#settings.offers.find((one) => one.toLowerCase() === name.toLowerCase())
    if (scheme === 'Basic') return this.#basic(token)
    if (scheme === 'Bearer') return this.#bearer(token)
    if (scheme === undefined) return this.#refused('', 'notOffered')
    try {
      const bytes = Buffer.from(token, 'base64')
      const raw = scheme === 'NTLM' || messageTypeOf(bytes) !== undefined
      if (raw) return this.#ntlm(known, scheme, bytes)
      const kerberos = this.#acceptor !== undefined && prefersKerberos(bytes)
      return kerberos ? this.#ticket(known, token) : this.#negotiate(known, bytes)
    } catch (error) {
      if (!(error instanceof NtlmError || error instanceof DerError)) throw error
      forget(known)
      return this.#refused('', 'malformed')
    }
  }

  /** Ends what a connection is signed in as, and what it is about to be; the values of WWW-Authenticate. */
  signOut({ connection = {} }: Arrival): string[] {
    forget(this.#connection(connection))
    return this.#offers()
  }

  /** Ends what it keeps. */
  close(): void {
    this.#acceptor?.close()
  }

  #connection(key: object): Connection {
    const found = this.#connections.get(key)
    if (found) return found
    const made = { user: undefined, scheme: undefined, handshake: undefined, spnego: undefined }
    this.#connections.set(key, made)
    return made
  }

  #ntlm(connection: Connection, scheme: Scheme, bytes: Buffer): SignedIn {
    if (messageTypeOf(bytes) === 1) {
      forget(connection)
      const challenge = this.#challenge(connection, scheme, bytes).toString('base64')
      return { user: undefined, challenges: [`${scheme} ${challenge}`] }
    }
    const { judgement } = this.#judged(connection, scheme, bytes)
    return this.#outcome(connection, judgement, [])
  }

  // Kerberos signs each request in, not the connection (authPersistNonNTLM is false).
  async #ticket(connection: Connection, token: string): Promise<SignedIn> {
    forget(connection)
    const { principal, answer } = (await this.#acceptor?.accepted(token)) ?? {}
    if (principal === undefined) return this.#refused('', 'ticket')
    const [name = '', realm = ''] = principal.split('@')
    const user = this.#userIn(name, realm)
    if (!user) return this.#refused(principal, 'user')
    count(this.#counts.accepted, user.address)
    return { user, challenges: answer === undefined ? [] : [`Negotiate ${answer}`] }
  }

  // Without Kerberos, NTLM is what is left of a client's list.
  #negotiate(connection: Connection, bytes: Buffer): SignedIn {
    const { mechanisms, token, listMic } = clientTokenOf(bytes)
    if (mechanisms !== undefined) {
      forget(connection)
      const { offered, list } = mechanisms
      const [preferred] = offered
      if (!offered.some((one) => one.equals(MECHANISM.ntlm))) throw new DerError('NTLM is missing')
      const demandMic = preferred?.equals(MECHANISM.ntlm) !== true
      connection.spnego = { list, demandMic }
      connection.scheme = 'Negotiate'
      // The token is for the mechanism that the client would rather have.
      if (demandMic || token === undefined) {
        const state = demandMic ? 'requestMic' : 'incomplete'
        return this.#go({ state, mechanism: MECHANISM.ntlm })
      }
    }
    const { spnego } = connection
    if (spnego === undefined || token === undefined) throw new DerError('A token is missing')
    if (messageTypeOf(token) === 1) {
      const challenge = this.#challenge(connection, 'Negotiate', token)
      return this.#go({ state: 'incomplete', mechanism: MECHANISM.ntlm, token: challenge })
    }
    const { judgement } = this.#judged(connection, 'Negotiate', token)
    const { session } = judgement
    if (session === undefined) return this.#outcome(connection, judgement, [])
    const right = firstSignature(session, 'client-to-server', spnego.list)
    const signed = listMic?.equals(right) === true
    if (!signed && (listMic !== undefined || spnego.demandMic)) {
      return this.#outcome(connection, { ...judgement, refusal: 'mic' }, [])
    }
    const own = listMic && { listMic: firstSignature(session, 'server-to-client', spnego.list) }
    const answer = serverToken({ state: 'completed', ...own })
    return this.#outcome(connection, judgement, [`Negotiate ${answer.toString('base64')}`])
  }

  #go(token: Parameters<typeof serverToken>[0]): SignedIn {
    return { user: undefined, challenges: [`Negotiate ${serverToken(token).toString('base64')}`] }
  }

  #challenge(connection: Connection, scheme: Scheme, negotiate: Buffer): Buffer {
    const { domain } = this.#state
    const serverChallenge = randomBytes(8)
    const names = { domain: netBiosOf(domain), dnsDomain: domain, computer: 'EX01' }
    const flags = negotiatedFlags(negotiate)
    const challenge = challengeMessage(flags, serverChallenge, names, this.#state.clock())
    this.#counts.begun += 1
    connection.scheme = scheme
    connection.handshake = { negotiate, challenge, serverChallenge }
    return challenge
  }

  // A challenge is good for one answer.
  #judged(connection: Connection, scheme: Scheme, bytes: Buffer): { judgement: Judgement<User> } {
    const { handshake } = connection
    const fits = handshake !== undefined && connection.scheme === scheme
    forget(connection)
    if (!fits) return { judgement: { name: '', refusal: 'noChallenge' } }
    const judgement = judge(handshake, bytes, {
      lookUp: (name, domain) => {
        const user = this.#userIn(name, domain)
        return user && { user, password: user.password }
      },
      extendedProtection: this.#settings.extendedProtection,
      binding: this.#binding,
      nowMs: this.#state.clock(),
    })
    return { judgement }
  }

  #outcome(connection: Connection, judgement: Judgement<User>, challenges: string[]): SignedIn {
    const { user, session: _, ...shown } = judgement
    this.#counts.last = shown
    if (judgement.refusal !== undefined) {
      return this.#refused(user?.address ?? judgement.name, judgement.refusal)
    }
    if (!user) return this.#refused(judgement.name, 'user')
    connection.user = user
    count(this.#counts.accepted, user.address)
    return { user, challenges }
  }

  #basic(token: string): SignedIn {
    const pair = Buffer.from(token, 'base64').toString()
    const colon = pair.indexOf(':')
    if (colon < 0) return this.#refused('', 'malformed')
    const name = pair.slice(0, colon)
    // anna@corp.example, CORP\anna and anna are the same person.
    const user = this.#named(name.replace(/^.*\\/, ''))
    if (!user) return this.#refused(name, 'user')
    if (user.password !== pair.slice(colon + 1)) return this.#refused(user.address, 'password')
    count(this.#counts.accepted, user.address)
    return { user, challenges: [] }
  }

  #bearer(token: string): SignedIn {
    const address = this.issuer?.userOf(token)
    const user = address === undefined ? undefined : this.#state.users.get(address)
    if (!user) return this.#refused('', 'token')
    count(this.#counts.accepted, user.address)
    return { user, challenges: [] }
  }

  #named(name: string): User | undefined {
    const { users, domain } = this.#state
    const wanted = name.toLowerCase()
    return users.get(wanted) ?? users.get(`${wanted}@${domain.toLowerCase()}`)
  }

  // DOMAIN\user, user, and user@domain, which comes without a domain or with one that says the same.
  #userIn(name: string, domain: string): User | undefined {
    const own = [netBiosOf(this.#state.domain), this.#state.domain, ''].map(lower)
    return own.includes(lower(domain)) ? this.#named(name) : undefined
  }

  #refused(name: string, why: Refusal): SignedIn {
    count(this.#counts.refused, lower(name))
    count(this.#counts.refusals, why)
    return { user: undefined, challenges: this.#offers(why === 'token') }
  }

  #offers(wrongToken = false): string[] {
    return this.#settings.offers.map((scheme) => {
      if (scheme === 'Basic') return `Basic realm="${this.#state.domain}"`
      if (scheme !== 'Bearer') return scheme
      const parts = [
        'client_id="00000002-0000-0ff1-ce00-000000000000"',
        `trusted_issuers="00000001-0000-0000-c000-000000000000@${this.#state.domain}"`,
        'token_types="app_asserted_user_v1 service_asserted_app_v1"',
        `authorization_uri="${this.#origin()}/adfs/oauth2/authorize"`,
        ...(wrongToken ? ['error="invalid_token"'] : []),
      ]
      return `Bearer ${parts.join(', ')}`
    })
  }
}

function prefersKerberos(bytes: Buffer): boolean {
  const { mechanisms, token } = clientTokenOf(bytes)
  return token !== undefined && mechanisms?.offered[0]?.equals(MECHANISM.kerberos) === true
}

/** The NetBIOS name of a domain: CORP for corp.example. */
export function netBiosOf(domain: string): string {
  return (domain.split('.')[0] ?? '').toUpperCase().slice(0, 15)
}

function forget(connection: Connection): void {
  connection.user = undefined
  connection.scheme = undefined
  connection.handshake = undefined
  connection.spnego = undefined
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function lower(text: string): string {
  return text.toLowerCase()
}
