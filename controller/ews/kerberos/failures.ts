// The errors of Kerberos, made from what GSSAPI says (MIT Kerberos, in English). The text of GSSAPI names principals, so
// nothing of it is passed on: each error has a text of its own, with the remedy.
import { SyncError } from '../../core/sync-error.ts'

const secret = 'the Secret of spec.auth.secretRef'

/** Causes that last until a person changes something, by what GSSAPI says. The first that fits counts. */
const lasting: readonly (readonly [RegExp, string])[] = [
  [
    /^Server .*not found in Kerberos database/,
    'the KDC knows no service HTTP/<host of spec.url>: register this service principal name for the account of Exchange (setspn -S HTTP/<host> ACCOUNT), or use the registered name in spec.url',
  ],
  [
    /^Client .*not found in Kerberos database/,
    `the KDC does not know the principal: correct username in ${secret}, like svc@CORP.EXAMPLE`,
  ],
  [
    /Preauthentication failed|Decrypt integrity check failed|Password incorrect/,
    `the KDC refuses the key in the keytab: the password of the account was changed after the keytab was made. Make another keytab (ktpass, or ktutil) and put it into ${secret}`,
  ],
  [
    /Can't find client principal|not found in keytab|Key table entry not found|Keytab contains no suitable keys|No key table entry|Unsupported key table format/i,
    `the keytab has no key of the principal: compare username in ${secret} with klist -k -e FILE; upper and lower case count`,
  ],
  [
    /encryption type|enctype/i,
    'the KDC and the keytab have no encryption type in common: make a keytab with AES keys (ktpass /crypto AES256-SHA1), and allow AES for the account (msDS-SupportedEncryptionTypes)',
  ],
  [
    /revoked|entry in database has expired|Password has expired|locked|disabled|policy rejects/,
    'the KDC refuses the account, which is locked, disabled or expired: correct that in the directory',
  ],
  [
    /default realm|Malformed representation of principal|Improper format/,
    `the principal has no realm: write username in ${secret} with one, like svc@CORP.EXAMPLE`,
  ],
]

/** Causes that may pass by themselves. */
const passing: readonly (readonly [RegExp, string])[] = [
  [
    /Clock skew|Ticket not yet valid/i,
    'the clocks of this machine, of the KDC and of Exchange differ by more than 5 minutes: synchronise them (NTP)',
  ],
  [
    /Cannot find KDC|Cannot resolve/,
    'no KDC of the realm is found: check the realm in username, and the DNS records _kerberos._udp.<realm> or the KDCs in krb5.conf',
  ],
  [
    /Cannot contact any KDC|timed out|unreachable/i,
    'no KDC of the realm answers: check that port 88 (UDP and TCP) of the domain controllers can be reached',
  ],
]

/** The error for a text of GSSAPI. */
export function kerberosError(text: string): SyncError {
  const cause = (list: typeof lasting) => list.find(([said]) => said.test(causeIn(text)))?.[1]
  const passes = cause(passing)
  if (passes !== undefined) return unavailable(passes)
  const lasts = cause(lasting)
  if (lasts !== undefined)
    return new SyncError('terminal', 'AuthenticationFailed', `Kerberos: ${lasts}`)
  return unavailable(
    'GSSAPI gives a cause that the controller does not know: try kinit -k -t FILE PRINCIPAL and kvno HTTP@<host of spec.url> on a machine beside the controller',
  )
}

/** The error while no ticket can be had, for a cause that may pass. */
export function unavailable(cause: string): SyncError {
  const message = `no Kerberos ticket: ${cause}; the controller tries again`
  return new SyncError('transient', 'KerberosUnavailable', message)
}

/** The error where the package kerberos, or the library that it loads, is missing. */
export function notInstalled(): SyncError {
  return new SyncError(
    'terminal',
    'KerberosNotInstalled',
    'spec.auth.type Kerberos needs Linux, the npm package kerberos and the library libgssapi_krb5, which are not installed: use an image with them (image/kerberos/Dockerfile), run npm install --no-save kerberos@7.0.0 beside the controller, or set spec.auth.type to NTLM',
  )
}

// GSSAPI states first a general status, then the cause.
function causeIn(text: string): string {
  return text.slice(text.indexOf(': ') + 1).trim()
}
