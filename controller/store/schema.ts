// The tables of the state, one SQLite file per controller. Ids are compared byte by byte (SQLite's
// default BINARY collation): Exchange's differ in case. The schema's number is `user_version`; a file
// of a newer one is refused, never touched.

/** The number of the schema below. */
export const schemaVersion = 1

/** Marks the file as ours (`application_id`): "exsy". */
export const applicationId = 0x65787379

/** Makes the tables; idempotent. */
export const schema = `
CREATE TABLE IF NOT EXISTS replicas (
  grp TEXT NOT NULL, replica TEXT NOT NULL, folder TEXT, parent TEXT, cursor TEXT, lens TEXT NOT NULL,
  recheck TEXT NOT NULL DEFAULT '[]', committed_ms INTEGER, restored INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (grp, replica)
) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS links (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,
  agreed TEXT, edited_ms INTEGER, settled INTEGER NOT NULL DEFAULT 0, declined TEXT NOT NULL DEFAULT '[]', aliases TEXT NOT NULL DEFAULT '[]',
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
  PRIMARY KEY (link, replica)
) WITHOUT ROWID, STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS copies_items ON copies (grp, replica, id);
CREATE TABLE IF NOT EXISTS bin (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, link TEXT NOT NULL, replica TEXT NOT NULL, reason TEXT NOT NULL,
  fields TEXT NOT NULL, item TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS bin_link ON bin (link);
CREATE INDEX IF NOT EXISTS bin_time ON bin (time_ms);
CREATE TABLE IF NOT EXISTS conflicts (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, link TEXT NOT NULL, replica TEXT NOT NULL, field TEXT NOT NULL,
  version TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS conflicts_link ON conflicts (link);
CREATE INDEX IF NOT EXISTS conflicts_grp ON conflicts (grp, time_ms);
CREATE TABLE IF NOT EXISTS caused (
  grp TEXT NOT NULL, replica TEXT NOT NULL, time_ms INTEGER NOT NULL,
  deletions INTEGER NOT NULL, publications INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS journal (
  n INTEGER PRIMARY KEY, grp TEXT NOT NULL, time_ms INTEGER NOT NULL, pass TEXT NOT NULL,
  link TEXT NOT NULL, replica TEXT NOT NULL, action TEXT NOT NULL, result TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_time ON journal (time_ms);
`
