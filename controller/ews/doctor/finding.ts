// The findings of `exsync doctor`: one line for each check of a server or a folder.
import { type SyncError, syncErrorOf } from '../../core/sync-error.ts'

/** The checks in their order: of a server, then of a folder of a group. */
export type Check =
  | 'references'
  | 'name'
  | 'tls'
  | 'certificate'
  | 'offers'
  | 'sign-in'
  | 'version'
  | 'clock'
  | 'throttling'
  | 'access'
  | 'folder'
  | 'rights'
  | 'routing'

/** The result of a check. `unknown`: nothing was asked, because an earlier check failed, or because nothing can tell. */
export type Outcome = 'ok' | 'missing' | 'unknown'

/** The result of one check. It contains names of this configuration, and never a secret. */
export type Finding = Readonly<{
  check: Check
  /** The resource, and the folder of a group: `SyncGroup sales/contacts anna@corp.example`. */
  subject: string
  outcome: Outcome
  detail: string
  /** For `missing`: the line of the Exchange Management Shell that mends it, or what to change in the resource. */
  remedy?: string
}>

/** Makes the findings about one subject. */
export class Findings {
  readonly subject: string

  constructor(subject: string) {
    this.subject = subject
  }

  /** Nothing to do. */
  ok(check: Check, detail: string): Finding {
    return { check, subject: this.subject, outcome: 'ok', detail }
  }

  /** Something to do. */
  missing(check: Check, detail: string, remedy?: string): Finding {
    const rest = remedy === undefined ? {} : { remedy }
    return { check, subject: this.subject, outcome: 'missing', detail, ...rest }
  }

  /** Nothing was found out. */
  unknown(check: Check, detail: string): Finding {
    return { check, subject: this.subject, outcome: 'unknown', detail }
  }

  /** An error: its text says what to do unless `remedy` says more. Rethrows the reason of an aborted signal. */
  failed(check: Check, error: unknown, signal: AbortSignal, remedy?: string): Finding {
    signal.throwIfAborted()
    return this.missing(check, textOf(syncErrorOf(error)), remedy)
  }
}

// The texts are written for statuses of a controller, which tries again by itself.
function textOf({ message, code }: SyncError): string {
  const text = message.replace(
    /[;:] the controller (?:(?:tries|asks|looks for it|signs in) again|skips the item)[^.]*/,
    '',
  )
  return message.includes(code) || !code.startsWith('Error') ? text : `${text} (${code})`
}
