// How a connection or a request is signed in.
import { mutantsOf } from '../mutant.ts'

export const signingIn = [
  ...mutantsOf('controller/ews/network.ts', [
    [
      'write-unsigned',
      'a request is written only to a connection that is signed in',
      `if (socket !== this.#signedIn) throw notSignedIn`,
      ``,
    ],
    [
      'signed-for-ever',
      'a connection that the server signed out is signed in again',
      `        this.#signedIn = undefined\n`,
      ``,
    ],
    [
      'resumed-unbound',
      'a connection that is opened again shows the certificate to bind to',
      `handshake === undefined ? {} : { maxCachedSessions: 0 }`,
      `{}`,
    ],
    [
      'sign-in-each-time',
      'a connection is signed in once',
      `if (refusal === undefined) this.#signedIn = own`,
      `if (refusal === undefined) this.#signedIn = this.#socket && undefined`,
    ],
  ]),
  ...mutantsOf('controller/ews/transport.ts', [
    ['read-not-again', 'a read is asked again after a lost sign-in', `  'SignInLost',\n`, ``],
  ]),
  ...mutantsOf('controller/ews/sign-in.ts', [
    [
      'refused-write-again',
      'a write that was refused is not sent again',
      `    if (!reads) throw refusedWrite\n`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/ews/ntlm/handshake.ts', [
    [
      'unasked-is-signed-in',
      'a server that asks for no sign-in is not taken for signed in',
      `throw await refused(first, notAsked)`,
      `return unlessAccepted(first)`,
    ],
    [
      'never-bound',
      'a sign-in is bound to the channel',
      `binding === 'Send' ? certificate() : undefined`,
      `binding === 'Omit' ? certificate() : undefined`,
    ],
    [
      'always-bound',
      'a binding that is to be omitted is not sent',
      `binding === 'Send' ? certificate() : undefined`,
      `certificate()`,
    ],
    [
      'negotiate-unused',
      'NTLM is taken by Negotiate where that is all that is offered',
      `      scheme = 'Negotiate'\n`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/ews/ntlm/messages.ts', [
    [
      'no-integrity-code',
      'an answer says that it carries an integrity code',
      `if (pairs.has(av.timestamp)) pairs.set(av.flags, hasIntegrityCode)`,
      ``,
    ],
    [
      'server-flags-kept',
      'what only a client may state is not taken over from a challenge',
      `for (const id of [av.flags, av.targetName, av.channelBindings]) pairs.delete(id)`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/ews/authorization.ts', [
    [
      'token-kept',
      'a token that a server refused is not sent again',
      `      tokens.drop(header.slice('Bearer '.length))\n`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/ews/kerberos/tickets.ts', [
    [
      'ticket-after-the-end',
      'a closed connection asks for no tickets',
      `      if (this.#closed) throw unavailable('the connection is closed')\n`,
      ``,
    ],
    [
      'ticket-unbounded',
      'a request waits for a ticket no longer than its caller',
      `AbortSignal.any([signal, late])`,
      `late`,
    ],
  ]),
  ...mutantsOf('controller/ews/kerberos/failures.ts', [
    [
      'kerberos-names',
      'no text of GSSAPI, which names principals, is passed on',
      `  return unavailable(
    'GSSAPI gives`,
      `  return unavailable(
    text + 'GSSAPI gives`,
    ],
  ]),
  ...mutantsOf('controller/ews/oauth.ts', [
    [
      'token-each-time',
      'one token serves all requests',
      `      if (token !== undefined && this.#now() < token.renewAtMs) return token.text\n`,
      ``,
    ],
    [
      'token-to-the-end',
      'a token is renewed before it expires',
      `renewAtMs: endMs - Math.min(earlyMs, lifeMs / 2)`,
      `renewAtMs: endMs`,
    ],
  ]),
]
