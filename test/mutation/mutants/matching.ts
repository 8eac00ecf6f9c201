// Rows: what was seen, and which items are one.
import { mutantsOf } from '../mutant.ts'

export const matching = [
  ...mutantsOf('controller/core/rows.ts', [
    [
      'order-of-items',
      'a server’s order of items does not matter',
      `byId(observation.changed)`,
      `observation.changed`,
    ],
    [
      'private-matches',
      'a member’s private item is not compared with others',
      `return shared.has(sourceMark(role.id, id)) || shared`,
      `return true || shared`,
    ],
    [
      'private-leaves',
      'a member’s private item never leaves',
      `return role.hub || role.private === 'Copy' || !type.private(found.item)`,
      `return true`,
    ],
    [
      'receivers-publish',
      'what a receive-only member puts there is left alone',
      `role.writes && mayLeave(type, role, found)`,
      `mayLeave(type, role, found)`,
    ],
    [
      'old-hub-travels',
      'what was copied from another hub does not reach this one',
      `return stamp.hub !== hubMark(`,
      `return stamp.hub === '' && stamp.hub !== hubMark(`,
    ],
    [
      'order-of-members',
      'members in any order make the same plan',
      `|| (one.id < other.id ? -1 : 1),`,
      `,`,
    ],
    [
      'hub-not-first',
      'of equal items the hub’s is the eldest',
      `Number(other.hub) - Number(one.hub) ||`,
      ``,
    ],
    [
      'moved-forgets',
      'what was only moved keeps its history',
      `const own = moved || !role.receives`,
      `const own = !role.receives`,
    ],
    [
      'restored-remembers',
      'what was restored is compared as if never seen',
      `const own = moved || !role.receives`,
      `const own = true`,
    ],
  ]),
  ...mutantsOf('controller/core/cells.ts', [
    [
      'large-is-same',
      'a copy that is too large has no opinion',
      `if (seen.large?.has(copy.id)) return { state: 'unknown', copy }`,
      ``,
    ],
    [
      'unknown-is-same',
      'a replica that could not be read has no opinion',
      `if (seen.state === 'unknown') return { state: 'unknown', copy }`,
      ``,
    ],
    [
      'unknown-is-gone',
      'unreachable is not empty',
      `if (seen.state === 'unknown') return { state: 'unknown', copy }`,
      `if (seen.state === 'unknown' && copy) return { state: 'gone', copy }`,
    ],
    [
      'unknown-is-absent',
      'nothing is created where one cannot look',
      `=== 'seen' ? 'absent' : 'unknown'`,
      `=== 'seen' ? 'absent' : 'absent'`,
    ],
  ]),
  ...mutantsOf('controller/core/match.ts', [
    ['moved-unmatched', 'what was only moved is found again by what it held', `places.moved,`, ``],
    [
      'source-equal-last',
      'of copies that name one source the equal one is it',
      `places.directEqual,`,
      ``,
    ],
    ['source-unmatched', 'a stamp that names the very item finds it', `places.direct,`, ``],
    [
      'stamped-equal-last',
      'of equal items the stamped one is the copy',
      `places.stampedEqual,`,
      ``,
      'which of two equal items a copy is paired with shows nowhere',
    ],
    ['equal-unmatched', 'equal items are one', `places.equal,`, ``],
    [
      'stamp-unmatched',
      'an item and a copy with its stamp are one, whatever they contain',
      `places.stamped,`,
      ``,
    ],
    ['key-unmatched', 'items with the same natural key are one', `places.natural,`, ``],
    [
      'left-over-unmatched',
      'a copy of ours is matched with what is left over',
      `places.leftOver,`,
      ``,
    ],
    [
      'ambiguous-here',
      'a key that two share here matches nothing',
      `others.some((other) => !anyEqual ||`,
      `others.some((other) => anyEqual &&`,
    ],
    [
      'ambiguous-there',
      'a key that two share there matches nothing',
      `more.some((other) => !anyEqual ||`,
      `more.some((other) => anyEqual &&`,
    ],
    [
      'contradiction-unseen',
      'two people who share an address stay two',
      `if (!this.#type.contradicts(place.item, one.found.item)) take(`,
      `take(`,
    ],
    [
      'foreign-stamp-matches',
      'a stamp of another hub’s item says nothing',
      `return stamp !== undefined && isOurs(this.#group, this.#hub, stamp) ? stamp : undefined`,
      `return stamp`,
      'other hubs’ copies are set aside before (isForeign), and their marks name nothing that is here',
    ],
    [
      'revived-unseen',
      'a link that the hub brings back is a place for its equals as well',
      `if (place.ended && one.role.hub && one.role.writes) this.#revive(place, one)`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/core/match-place.ts', [
    [
      'place-taken',
      'a link that has its copy there takes no other',
      `free: (replica) => ['absent', 'gone'].includes(row?.get(replica)?.state ?? 'unknown'),`,
      `free: () => true,`,
    ],
    [
      'aliases-unread',
      'what a link was called before counts',
      `marks: [link.id, ...link.aliases]`,
      `marks: [link.id]`,
    ],
    [
      'gone-source-unread',
      'what another group makes again is known by what was there before, also when that is forgotten here',
      `...(link.source === undefined ? [] : [link.source]),`,
      ``,
    ],
    [
      'two-in-one-place',
      'one replica never gives two items to one link',
      ` && !place.members.some(({ role }) => role.id === replica)`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/core/born.ts', [
    [
      'aliases-not-noted',
      'a link remembers what stamps called it',
      `freshLink(id, aliases.filter(Boolean))`,
      `freshLink(id)`,
    ],
    [
      'copy-named-original',
      'what a member copied is not named by the mark of what is there',
      `!there().has(source) && !there().has(link)`,
      `!there().has(link)`,
    ],
    [
      'first-mark-lost',
      'what is made again after the state was lost is known by other groups over the hub',
      `source: stamps.find((each) => each.source !== '' && lacks(each))?.source`,
      `source: undefined`,
    ],
  ]),
  ...mutantsOf('controller/core/doubles.ts', [
    [
      'doubles-stay',
      'what two groups made again in the same moment is one',
      `if (stays === undefined || yields.length === 0) return []`,
      `if (stays === undefined || yields.length >= 0) return []`,
    ],
    [
      'copies-are-doubles',
      'what a user copied is not taken for made by another group',
      `if (!groups.has(group)) groups.set(group, one)`,
      `groups.set(one.found.id, one)`,
    ],
    [
      'doubles-in-any-order',
      'both groups leave the same item',
      `[...groups].sort(([one], [other]) => (one < other ? -1 : 1)).map(`,
      `[...groups].map(`,
    ],
  ]),
  ...mutantsOf('controller/sync/doubles.ts', [
    ['double-unread', 'the stamp of what the hub has already is read', `, ...copies.found]`, `]`],
  ]),
  ...mutantsOf('controller/sync/pass.ts', [
    [
      'again-settled',
      'what was agreed before is remembered until the other group’s item has been seen',
      ` && !again.has(link.id)`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/core/items/contact.ts', [
    [
      'normal-is-private',
      'only what is marked is private',
      `!['', 'Normal'].includes(`,
      `![''].includes(`,
    ],
  ]),
  ...mutantsOf('controller/core/items/contact-identity.ts', [
    [
      'namesakes-merge',
      'namesakes with other telephones stay two',
      `return others || (elsewhere`,
      `return (elsewhere`,
    ],
    [
      'other-address-merges',
      'namesakes with other addresses stay two',
      `if (disjoint(emailAddresses(one), emailAddresses(other))) return true`,
      ``,
    ],
    [
      'firms-merge-by-name',
      'the name of a firm alone makes no two entries one',
      `if (isPerson(item) || name !== company) keys.push`,
      `keys.push`,
    ],
    [
      'departments-merge',
      'departments of one firm stay two',
      `low(one, 'Department') !== low(other, 'Department') ||`,
      ``,
    ],
    [
      'switchboards-merge',
      'places with other numbers stay two',
      `disjoint(numbers(one), numbers(other)) ||`,
      ``,
    ],
    [
      'branches-merge',
      'branches in two towns stay two',
      `elsewhere(one, other) ||\n    disjoint`,
      `disjoint`,
    ],
    [
      'father-is-son',
      'father and son stay two',
      `if (['Generation', 'GovernmentIdNumber'].some(`,
      `if (['GovernmentIdNumber'].some(`,
    ],
    ['born-twice', 'two birthdays are two people', `differ(dayOf, one, other, 'Birthday') ||`, ``],
    [
      'family-merges',
      'a family that shares an address stays as many people',
      `return !sameName && (!relatedNames(one, other) || others)`,
      `return !sameName && others`,
    ],
  ]),
  ...mutantsOf('controller/core/stamp.ts', [
    [
      'other-group-is-foreign',
      'copies that another group over the same hub made are of the same items',
      `return stamp.group === groupMark(group) || (hub !== undefined && stamp.hub === hubMark(hub))`,
      `return stamp.group === groupMark(group)`,
    ],
  ]),
]
