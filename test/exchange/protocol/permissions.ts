// The permission set of a folder, as its owner sees it.
import type { Folder } from '../store/item.ts'
import { type Level, rightsOf } from '../store/rights.ts'
import { leaf } from '../xml/writer.ts'
import { rights, type Session } from './session.ts'

const SCOPES = { none: 'None', own: 'Owned', all: 'All' } as const

/** `t:PermissionSet`; nothing for those who do not own the folder. */
export function permissionSet(session: Session, folder: Folder): string {
  if (!rights(session, folder).owner || /^IPF\.Appointment/i.test(folder.class)) return ''
  const all = new Map<string, Level>([['default', 'None'], ...folder.permissions])
  const entries = [...all].map(([who, level]) => permission(session, who, level))
  return `<t:PermissionSet><t:Permissions>${entries.join('')}</t:Permissions></t:PermissionSet>`
}

function permission(session: Session, who: string, level: Level): string {
  const can = rightsOf(level)
  const name = session.state.users.get(who)?.name ?? who
  const id =
    who === 'default'
      ? leaf('DistinguishedUser', 'Default')
      : leaf('PrimarySmtpAddress', who) + leaf('DisplayName', name)
  return `<t:Permission><t:UserId>${id}</t:UserId><t:CanCreateItems>${can.create}</t:CanCreateItems><t:CanCreateSubFolders>${can.subfolders}</t:CanCreateSubFolders><t:IsFolderOwner>${can.owner}</t:IsFolderOwner><t:IsFolderVisible>${can.visible}</t:IsFolderVisible><t:IsFolderContact>${can.owner}</t:IsFolderContact><t:EditItems>${SCOPES[can.edit]}</t:EditItems><t:DeleteItems>${SCOPES[can.remove]}</t:DeleteItems><t:ReadItems>${can.read ? 'FullDetails' : 'None'}</t:ReadItems><t:PermissionLevel>${level}</t:PermissionLevel></t:Permission>`
}
