// Who may do what in a folder: the permission levels of Outlook, taken apart into rights.

/** A permission level, by its name in Outlook and in EWS. */
export type Level = (typeof LEVELS)[number]

/** What a level allows; `edit` and `remove` may be limited to one's own items. */
export type Rights = Readonly<{
  create: boolean
  subfolders: boolean
  read: boolean
  edit: 'none' | 'own' | 'all'
  remove: 'none' | 'own' | 'all'
  owner: boolean
  visible: boolean
}>

/** All levels, from nothing to everything. */
export const LEVELS = [
  'None',
  'Contributor',
  'Reviewer',
  'NoneditingAuthor',
  'Author',
  'PublishingAuthor',
  'Editor',
  'PublishingEditor',
  'Owner',
] as const

const of = (
  letters: string,
  edit: Rights['edit'] = 'none',
  remove: Rights['remove'] = 'none',
): Rights => ({
  create: letters.includes('c'),
  subfolders: letters.includes('s'),
  read: letters.includes('r'),
  edit,
  remove,
  owner: letters.includes('o'),
  visible: letters.includes('v'),
})

const RIGHTS: Readonly<Record<Level, Rights>> = {
  None: of(''),
  Contributor: of('cv'),
  Reviewer: of('rv'),
  NoneditingAuthor: of('crv', 'none', 'own'),
  Author: of('crv', 'own', 'own'),
  PublishingAuthor: of('csrv', 'own', 'own'),
  Editor: of('crv', 'all', 'all'),
  PublishingEditor: of('csrv', 'all', 'all'),
  Owner: of('csrov', 'all', 'all'),
}

/** What a level allows. */
export function rightsOf(level: Level): Rights {
  return RIGHTS[level]
}

/** Whether somebody may do to this item what is limited to one's own, or not. */
export function covers(scope: 'none' | 'own' | 'all', own: boolean): boolean {
  return scope === 'all' || (scope === 'own' && own)
}
