// Lines for the Exchange Management Shell, filled in with the names of a configuration.
import { namesIn } from '../../api/path.ts'
import type { Place } from '../../api/topology.ts'
import type { Identity } from '../identity.ts'

/** The account, as Exchange's commands take it. */
export function accountIn(identity: Identity): string {
  return quoted(identity.type === 'OAuth' ? 'USER OF THE APPLICATION' : identity.username)
}

/** Lets the account act for a mailbox. */
export function impersonationLine(account: string, mailbox: string): string {
  const group = quoted('Exsync Members')
  return (
    `Add-DistributionGroupMember -Identity ${group} -Member ${quoted(mailbox)}; once for all members, if there is no such group yet, before it: ` +
    `New-DistributionGroup -Name ${group} -Type Security; ` +
    `New-ManagementScope -Name ${group} -RecipientRestrictionFilter "MemberOfGroup -eq '$((Get-DistributionGroup ${group}).DistinguishedName)'"; ` +
    `New-ManagementRoleAssignment -Role ApplicationImpersonation -User ${account} -CustomRecipientWriteScope ${group}`
  )
}

/** Grants the account a permission level on the folder of a place. */
export function permissionLine(account: string, place: Place, writes: boolean): string {
  if (place.kind === 'publicFolder') {
    const rights = writes ? 'PublishingEditor' : 'Reviewer'
    return `Add-PublicFolderClientPermission -Identity ${publicIdentity(namesIn(place.path))} -User ${account} -AccessRights ${rights}`
  }
  const names = namesIn(place.folder)
  const at = (depth: number) => quoted(`${place.mailbox}:\\${names.slice(0, depth).join('\\')}`)
  const line = (depth: number, rights: string) =>
    `Add-MailboxFolderPermission -Identity ${at(depth)} -User ${account} -AccessRights ${rights}`
  const above = names.map((_, depth) => line(depth, 'FolderVisible'))
  return [...above, line(names.length, writes ? 'Editor' : 'Reviewer')].join('; ')
}

/** Creates the first public folder that a path lacks. */
export function publicFolderLine(above: readonly string[], name: string): string {
  return `New-PublicFolder -Name ${quoted(name)} -Path ${publicIdentity(above)}`
}

/** Lets the account use EWS, by our user agent. */
export function ewsLine(account: string): string {
  return `Set-CASMailbox -Identity ${account} -EwsEnabled $true; if an EwsApplicationAccessPolicy is set: Set-CASMailbox -Identity ${account} -EwsAllowList @{Add='exchange-sync-controller/*'}`
}

/** Gives the account a throttling policy of its own. `concurrency`: its requests at the same time. */
export function throttlingLine(account: string, concurrency: number): string {
  const name = quoted('Exsync')
  return (
    `New-ThrottlingPolicy -Name ${name} -ThrottlingPolicyScope Regular -EwsMaxConcurrency ${Math.max(27, 2 * concurrency)}` +
    ' -EwsMaxBurst Unlimited -EwsRechargeRate Unlimited -EwsCutoffBalance Unlimited; ' +
    `Set-ThrottlingPolicyAssociation -Identity ${account} -ThrottlingPolicy ${name}; or lower spec.limits.concurrency`
  )
}

/** Shows the primary address of a mailbox. */
export function recipientLine(mailbox: string): string {
  return `Get-Recipient -Identity ${quoted(mailbox)} | Format-List RecipientType, PrimarySmtpAddress`
}

/** Shows what may keep an account from signing in. */
export function userLine(account: string): string {
  return `Get-User -Identity ${account} | Get-ADUser -Properties LockedOut, Enabled, PasswordExpired | Format-List LockedOut, Enabled, PasswordExpired; Get-User -Identity ${account} | Format-List AuthenticationPolicy`
}

/** Renews the certificate of the server. */
export function certificateLine(thumbprint: string): string {
  return `Get-ExchangeCertificate -Thumbprint ${thumbprint} | New-ExchangeCertificate -GenerateRequest -RequestFile '\\\\SERVER\\SHARE\\renewal.req'; then Import-ExchangeCertificate and Enable-ExchangeCertificate -Services IIS`
}

function publicIdentity(names: readonly string[]): string {
  return quoted(`\\${names.join('\\')}`)
}

// A quotation mark within single quotes is doubled; PowerShell takes the typographic ones for one as well.
function quoted(text: string): string {
  return `'${text.replace(/['‘’‚‛]/g, (mark) => mark + mark)}'`
}
