// The tables of the state: one SQLite file per controller. Ids are compared byte by byte (SQLite's default collation
// BINARY), because ids of Exchange may differ in case only. `user_version` is the number of the schema. A file with a
// newer schema is refused and not changed; a file with an older one is upgraded in one transaction. spots.ts lists the
// columns that a vault may seal.

/** The number of the schema below. */
export const schemaVersion = 7

/** Marks the file as ours (`application_id`): "exsy". */
export const applicationId = 0x65787379

/** Creates the missing tables. */
export const schema = `
CREATE TABLE IF NOT EXISTS replicas (
  grp TEXT NOT NULL, replica TEXT NOT NULL, folder TEXT, place TEXT, adapter TEXT, seen_as TEXT, recheck TEXT NOT NULL DEFAULT '[]',
  relist INTEGER NOT NULL DEFAULT 0, rewound INTEGER NOT NULL DEFAULT 0, unread TEXT NOT NULL DEFAULT '[]',
  codec INTEGER, PRIMARY KEY (grp, replica)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS links (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  agreed TEXT, edited_ms INTEGER, settled INTEGER NOT NULL DEFAULT 0, declined TEXT NOT NULL DEFAULT '[]', aliases TEXT NOT NULL DEFAULT '[]',
  source TEXT,
  UNIQUE (grp, id)
) STRICT;
CREATE INDEX IF NOT EXISTS links_unsettled ON links (grp) WHERE settled = 0;
CREATE TABLE IF NOT EXISTS bases (
  link INTEGER NOT NULL REFERENCES links (n) ON DELETE CASCADE, revision INTEGER NOT NULL, item TEXT,
  PRIMARY KEY (link, revision)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS copies (
  link INTEGER NOT NULL REFERENCES links (n) ON DELETE CASCADE, grp TEXT NOT NULL, replica TEXT NOT NULL,
  id TEXT NOT NULL, version TEXT NOT NULL, revision INTEGER NOT NULL, shown TEXT, withheld INTEGER NOT NULL DEFAULT 0,
  codec INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (link, replica)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS copies_items ON copies (grp, replica, id);
CREATE TABLE IF NOT EXISTS attempts (
  grp TEXT NOT NULL, replica TEXT NOT NULL, link TEXT NOT NULL, revision INTEGER NOT NULL, batch INTEGER NOT NULL,
  tries INTEGER NOT NULL, sent_ms INTEGER NOT NULL, items TEXT NOT NULL DEFAULT '[]', code TEXT, seen INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (grp, replica, link)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS bin (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, link TEXT NOT NULL, replica TEXT NOT NULL, reason TEXT NOT NULL,
  fields TEXT NOT NULL, item TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL,
  won TEXT, print TEXT NOT NULL DEFAULT '', size INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS bin_link ON bin (link);
CREATE INDEX IF NOT EXISTS bin_time ON bin (time_ms);
CREATE INDEX IF NOT EXISTS bin_grp ON bin (grp, size);
CREATE INDEX IF NOT EXISTS bin_history ON bin (grp, n, size, time_ms) WHERE reason = 'Edited';
CREATE TABLE IF NOT EXISTS tally (
  one INTEGER PRIMARY KEY CHECK (one = 1), bin_bytes INTEGER NOT NULL, history_bytes INTEGER NOT NULL DEFAULT 0,
  last_n INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TRIGGER IF NOT EXISTS bin_grows AFTER INSERT ON bin BEGIN
  UPDATE tally SET last_n = new.n,
    bin_bytes = bin_bytes + iif(new.reason = 'Edited', 0, new.size),
    history_bytes = history_bytes + iif(new.reason = 'Edited', new.size, 0);
END;
CREATE TRIGGER IF NOT EXISTS bin_shrinks AFTER DELETE ON bin BEGIN
  UPDATE tally SET
    bin_bytes = bin_bytes - iif(old.reason = 'Edited', 0, old.size),
    history_bytes = history_bytes - iif(old.reason = 'Edited', old.size, 0);
END;
CREATE TABLE IF NOT EXISTS history_ends (grp TEXT PRIMARY KEY, time_ms INTEGER NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS ages (
  time_ms INTEGER NOT NULL, aged_ms INTEGER PRIMARY KEY, last_n INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS restores (
  bin INTEGER PRIMARY KEY REFERENCES bin (n) ON DELETE CASCADE, grp TEXT NOT NULL, asked_ms INTEGER NOT NULL,
  done_ms INTEGER, pass TEXT, result TEXT, fields TEXT, plan TEXT, seen TEXT, confirmed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS restores_pending ON restores (grp) WHERE done_ms IS NULL;
CREATE TABLE IF NOT EXISTS conflicts (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, link TEXT NOT NULL, replica TEXT NOT NULL, field TEXT NOT NULL,
  version TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS conflicts_link ON conflicts (link);
CREATE INDEX IF NOT EXISTS conflicts_grp ON conflicts (grp, time_ms);
CREATE TABLE IF NOT EXISTS caused (
  grp TEXT NOT NULL, replica TEXT NOT NULL, time_ms INTEGER NOT NULL,
  deletions INTEGER NOT NULL, publications INTEGER NOT NULL, updated TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE IF NOT EXISTS approved (
  grp TEXT NOT NULL, replica TEXT NOT NULL, time_ms INTEGER NOT NULL,
  deletions INTEGER NOT NULL, publications INTEGER NOT NULL, updated TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE TABLE IF NOT EXISTS approvals (
  grp TEXT NOT NULL, hash TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS journal (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL,
  link TEXT NOT NULL, replica TEXT NOT NULL, action TEXT NOT NULL, result TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_time ON journal (time_ms);
CREATE TABLE IF NOT EXISTS identities (
  grp TEXT PRIMARY KEY, uid TEXT, server TEXT, url TEXT, kind TEXT NOT NULL DEFAULT 'Contacts'
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS writers (
  one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS vault (
  one INTEGER PRIMARY KEY CHECK (one = 1), proof TEXT NOT NULL, clean INTEGER NOT NULL DEFAULT 0, next TEXT, reached TEXT
) STRICT;
`

const first = ['replicas', 'links', 'bases', 'copies', 'bin', 'conflicts', 'caused', 'journal']
const second = [...first, 'tally', 'restores', 'vault', 'approvals']
const sixthTables = ['attempts', 'approved', 'ages', 'history_ends']
const third = [...second, 'writers', 'identities']

/** The tables that a file of each version must have. */
export const tables: Readonly<Record<number, readonly string[]>> = {
  1: first,
  2: second,
  3: third,
  4: [...third, 'attempts'],
  5: [...third, 'attempts', 'approved'],
  6: [...third, ...sixthTables],
  7: [...third, ...sixthTables],
}

/** From version 1 to 2. Runs before the missing tables are created. */
export const fromFirst = `
ALTER TABLE replicas ADD COLUMN stand TEXT;
ALTER TABLE replicas ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bin ADD COLUMN won TEXT;
ALTER TABLE bin ADD COLUMN print TEXT NOT NULL DEFAULT '';
ALTER TABLE bin ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
`

/** From version 2 to 3. */
export const fromSecond = `
ALTER TABLE links ADD COLUMN source TEXT;
`

/** From version 3 to 4. */
export const fromThird = `
ALTER TABLE replicas ADD COLUMN details TEXT;
ALTER TABLE copies ADD COLUMN codec INTEGER NOT NULL DEFAULT 1;
`

/** From versions 2 to 4, which have a vault, to 5. */
export const fromFourth = `
ALTER TABLE vault ADD COLUMN next TEXT;
ALTER TABLE vault ADD COLUMN reached TEXT;
`

/** The columns that versions 6 and 7 add to tables of an older file: table, column, type. Triggers are recreated. */
export const added = [
  ['tally', 'history_bytes', 'INTEGER NOT NULL DEFAULT 0'],
  ['tally', 'last_n', 'INTEGER NOT NULL DEFAULT 0'],
  ['restores', 'fields', 'TEXT'],
  ['restores', 'plan', 'TEXT'],
  ['restores', 'seen', 'TEXT'],
  ['restores', 'confirmed', 'INTEGER NOT NULL DEFAULT 0'],
  ['caused', 'updated', "TEXT NOT NULL DEFAULT '[]'"],
  ['approved', 'updated', "TEXT NOT NULL DEFAULT '[]'"],
  ['identities', 'kind', "TEXT NOT NULL DEFAULT 'Contacts'"],
] as const

/**
 * From version 6 to 7: moves the memory of the adapter into one column, and the engine's part into others.
 * `replicas_before` is the former table. `cursor`, `parent`, `stand` and most of `details` belong to the EWS adapters.
 */
export const fromSixth = `
INSERT INTO replicas (grp, replica, folder, adapter, seen_as, recheck, relist, rewound, unread, codec)
SELECT grp, replica, folder,
  json_object('parent', parent, 'cursor', cursor, 'highWater', json(stand),
    'passedOver', (SELECT json_group_array(json_remove(value, '$.sinceMs'))
      FROM json_each(coalesce(details, '{}'), '$.passedOver') WHERE value ->> 'code' <> 'NotTaken'),
    'notes', coalesce(details, '{}') -> '$.notes'),
  CASE WHEN lens LIKE '%,%,%,%' THEN json_object(
    'writes', json(iif(lens LIKE 'writes,%', 'true', 'false')),
    'receives', json(iif(lens LIKE '%,receives,%', 'true', 'false')),
    'drift', iif(lens LIKE '%,Ignore,%', 'Ignore', 'Revert'),
    'private', iif(lens LIKE '%,Copy', 'Copy', 'Skip')) END,
  recheck, cursor IS NULL, restored,
  (SELECT json_group_array(json_object('id', value ->> 'id', 'code', value ->> 'code',
      'sinceMs', coalesce(value ->> 'sinceMs', 0)))
    FROM json_each(coalesce(details, '{}'), '$.passedOver')),
  details ->> 'codec'
FROM replicas_before;
DROP TABLE replicas_before;
INSERT OR IGNORE INTO identities (grp) SELECT DISTINCT grp FROM replicas;
`
