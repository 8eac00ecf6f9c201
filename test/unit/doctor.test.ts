// The findings of exsync doctor that need no server: the lines for the shell, the version and the clock.
import { describe, expect, test } from 'vitest'
import type { Place } from '../../controller/api/topology.ts'
import { SyncError } from '../../controller/core/sync-error.ts'
import { clockFinding, versionFinding } from '../../controller/ews/doctor/answers.ts'
import { Findings } from '../../controller/ews/doctor/finding.ts'
import {
  accountIn,
  impersonationLine,
  permissionLine,
  publicFolderLine,
} from '../../controller/ews/doctor/shell.ts'

const findings = new Findings('ExchangeServer sales/corp')
const account = accountIn({ type: 'Basic', username: "o'neil@corp.example", password: 'x' })
const server = 'sales/corp'

describe('lines for the shell', () => {
  test('quotation marks of a name cannot end it', () => {
    expect(account).toBe("'o''neil@corp.example'")
    expect(publicFolderLine(['A'], "’; Remove-Mailbox '")).toBe(
      "New-PublicFolder -Name '’’; Remove-Mailbox ''' -Path '\\A'",
    )
    expect(impersonationLine(account, 'a"$(x)`\'@corp.example')).toContain(
      `-Member 'a"$(x)\`''@corp.example';`,
    )
  })

  test('a delegate sees the folders above, and edits the last one', () => {
    const place: Place = {
      server,
      kind: 'mailbox',
      mailbox: 'a@corp.example',
      folder: 'Contacts/B',
    }
    expect(permissionLine("'s'", place, true).split('; ')).toEqual([
      "Add-MailboxFolderPermission -Identity 'a@corp.example:\\' -User 's' -AccessRights FolderVisible",
      "Add-MailboxFolderPermission -Identity 'a@corp.example:\\Contacts' -User 's' -AccessRights FolderVisible",
      "Add-MailboxFolderPermission -Identity 'a@corp.example:\\Contacts\\B' -User 's' -AccessRights Editor",
    ])
  })

  test('a hub that only sends is read', () => {
    const place: Place = { server, kind: 'publicFolder', path: '/Company/A\\/B' }
    expect(permissionLine("'s'", place, false)).toBe(
      "Add-PublicFolderClientPermission -Identity '\\Company\\A/B' -User 's' -AccessRights Reviewer",
    )
  })
})

test.each([
  ['15.2.2562.17', 'ok'],
  ['15.1.2507.6', 'ok'],
  ['15.20.1', 'ok'],
  ['16.0.1', 'ok'],
  ['15.0.1497.2', 'missing'],
  ['14.3.123.4', 'missing'],
  [undefined, 'unknown'],
])('version %s is %s', (version, outcome) => {
  const answer = { version, fault: undefined, serverDateMs: undefined }
  expect(versionFinding(findings, answer).outcome).toBe(outcome)
})

test('an answer without a version', () => {
  const error = (code: string) => new SyncError('terminal', code, 'no')
  expect(versionFinding(findings, error('ErrorInvalidServerVersion')).outcome).toBe('missing')
  expect(versionFinding(findings, error('ErrorADUnavailable')).outcome).toBe('unknown')
})

test.each([
  ['OAuth', 299_000, 'ok'],
  ['OAuth', 301_000, 'missing'],
  ['Kerberos', -301_000, 'missing'],
  ['NTLM', 301_000, 'ok'],
  ['Basic', 301_000, 'ok'],
] as const)('%s with clocks that differ by %d ms: %s', (type, differMs, outcome) => {
  const clocks = { serverMs: 1_000_000_000, ownMs: 1_000_000_000 + differMs }
  expect(clockFinding(findings, type, clocks).outcome).toBe(outcome)
})

test('a text for a controller loses what a controller does next', () => {
  const { signal } = new AbortController()
  const say = (message: string, code = 'X') =>
    findings.failed('access', new SyncError('transient', code, message), signal).detail
  expect(say('it broke off; the controller tries again. If this persists, check it')).toBe(
    'it broke off. If this persists, check it',
  )
  expect(say('Exchange answered ErrorX: the controller tries again', 'ErrorX')).toBe(
    'Exchange answered ErrorX',
  )
  expect(say('there is no such mailbox', 'ErrorY')).toBe('there is no such mailbox (ErrorY)')
})
