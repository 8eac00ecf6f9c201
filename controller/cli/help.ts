// What the program says about itself: `exsync --help`, and `--help` after any command.
import { validateUsage } from './validate.ts'

const STATE = `\
  --state DIR              the directory of the state; also EXSYNC_STATE
  --key-file FILE          the key of an encrypted state; also EXSYNC_KEY_FILE`
const OUTPUT = '  -o, --output table|json  json has all there is, the table the newest 200'
const WHICH = `\
  --group NS/NAME          of this group only
  --replica R              of this replica, of a mailbox (anna@corp.example), of a member's public
                          folder (/Branches/Cracow) or of the hub (hub)
  --since T                since this time
  --pass P                 of this pass, as exsync history names it
  --reason R               Edited, Conflict, Drift, Deleted, Restored, Backup, Removed or Unmarked
  --name TEXT              of contacts with this in their name, company or e-mail address`
const WHEN = `\
T is a date (2026-03-01), a time (2026-03-01T09:30Z; without a zone in UTC) or an age (2h, 90m, 7d).`
const ASKING = `\
  --dry-run                show the plan with its hash, and ask for nothing; exits 0: nothing to do, 2: changes
  --approve HASH           ask for exactly the plan that a dry run showed, whatever the guard allows
  -o, --output table|json  json has the whole plan, the table its first 200 lines`
const LOCAL = `\
  --local DIR              a directory of YAML files instead of a Kubernetes cluster
  --allow-cross-namespace-refs
                           spec.serverRef.namespace may name another namespace
  --allowed-server-hosts HOST,…
                           servers may be on these hosts only`

const KEEPING = `\
  --audit-interval 6h      how often a pass looks at everything
  --bin-retention 720h     how long the bin and the journal are kept
  --history-retention 720h how long the history of edits is kept, as far as half of --bin-limit holds it
  --bin-limit 1Gi          how much the bin may hold; when it is full nothing is overwritten or deleted
  --key-file FILE          the state is encrypted with this key: 32 bytes, raw, hexadecimal or base64;
                           also EXSYNC_KEY_FILE; for every command with --state; a file that everybody on the
                           machine may read is refused; exsync rekey changes the key, or takes it away
  --log-level info         also EXSYNC_LOG_LEVEL; trace, debug, info, warn, error`
const RUNNING = `\
for run:
  --concurrent 4                      how many groups have a pass at once
  --interval-jitter-percentage 5      by how much intervals differ, so that groups do not stay in step
  --graceful-shutdown-timeout 20s     how long passes may take to end their batch
  --max-contact-size 4Mi              a larger contact is left alone, and named in the status
  --max-request-timeout 10m           the longest spec.limits.requestTimeout of a server
  --max-pass-timeout 1h               the longest spec.timeout of a group
  --max-members 2000                  how many members a group may have
  --allow-cross-namespace-refs        spec.serverRef.namespace may name another namespace
  --allowed-server-hosts HOST,…       servers may be on these hosts only, like mail.corp.example or *.corp.example
  --metrics-bind-address :8080        where /metrics is served; 0: nowhere (and with --local, unless it is named)
  --health-probe-bind-address :9440   where /healthz and /readyz are served; likewise

for run on Kubernetes, which is found by KUBECONFIG, or in a pod:
  --watch-namespace NS                look at this namespace only; may be given several times
  --allow-loopback-http               servers may be on http://localhost
  --allow-unlabelled-credentials      credentials may come from a Secret without the label
                                      exchangesync.dev/credentials=true; goes with the next release
  --no-leader-elect                   do not wait for the Lease: sure that no other controller runs
  --leader-elect-resource-name exchange-sync-controller
  --leader-elect-resource-namespace   that of the pod (POD_NAMESPACE) or of the kubeconfig
  --leader-elect-lease-duration 15s, --leader-elect-renew-deadline 10s, --leader-elect-retry-period 2s`

/** What each command is, for people. */
export const usage = `\
usage: exsync <command>

  run --state DIR [--once]                 keep the groups of a Kubernetes cluster the same; --once: one pass each
  run --local DIR --state DIR [--once]     keep the groups of a directory the same
  plan (--local DIR | -f FILE…) --state DIR [-o table|json]
                                           what a pass would do now; writes nothing anywhere
                                           exits 0: nothing to do, 2: changes, 1: error
  verify (--local DIR | -f FILE…) --state DIR [--group NAMESPACE/NAME] [-o table|json]
                                           read every copy again and name each that is not as agreed; writes nothing
                                           exits 0: all proved, 2: deviations, or unread, 1: error
  validate FILE…                           check resources offline
  status --state DIR                       how the groups stand
  conflicts [show N] --state DIR           the fields for which there were two different edits; both sides of one
  bin list | show N --state DIR            what was kept before it was overwritten or deleted
  bin restore (N… | N-M | --pass P | --replica R --since T) --state DIR [--dry-run]
                                           have it put back, by the next pass, for everybody
  bin cancel (N… | --all) --state DIR      take back what was asked for and waits
  history --state DIR                      everything that replaced agreed content: who, what, when
  rollback --group NS/NAME --to T --state DIR [--dry-run]
                                           what was agreed at that time comes back, as edits
  forget (--item N | --match TEXT) [--group G] --state DIR [--yes]
                                           erase somebody from what was kept; without --yes it only shows whom
  backup FILE --state DIR                  a copy of the state, while a controller may run
  restore-state FILE --state DIR [--dry-run]
                                           a backup in its place, while no controller runs
  rekey --state DIR                        another key for an encrypted state, a first one, or none any more

  <command> --help                         more about one command
  --version                                which version this is

${KEEPING}

${RUNNING}`

const texts: Readonly<Record<string, string>> = {
  run: `\
usage: exsync run [--local DIR] --state DIR [--once]

Keeps the groups of a Kubernetes cluster, or of a directory, the same until it is asked to stop (SIGTERM).
With --once it makes one pass for each group, and exits 1 unless all are Ready.

  --state DIR              the directory of the state, which is made when missing; also EXSYNC_STATE
  --local DIR              a directory of YAML files instead of a Kubernetes cluster
${KEEPING}

${RUNNING}`,
  plan: `\
usage: exsync plan (--local DIR | -f FILE…) --state DIR [-o table|json]

Says what a pass would do now, per group and replica. Writes nothing anywhere.
Exits 0: nothing to do, 2: changes, 1: error. Without a state it plans a first pass.

  -f, --file FILE          YAML files, of some of the groups
${LOCAL}
${STATE}
  -o, --output table|json  json has all there is, the table 20 lines of a kind`,
  verify: `\
usage: exsync verify (--local DIR | -f FILE…) --state DIR [--group NAMESPACE/NAME] [-o table|json]

Reads every copy in every folder again, and compares it with what is agreed. Writes nothing anywhere. A controller may
be running: what deviates is looked at once more before it is named. Names links, fields and times, never content.
Exits 0: all proved, 2: something deviates, or could not be read, 1: error.
On Kubernetes: kubectl annotate --overwrite sg NAME exchangesync.dev/verifyAt=$(date +%s), then see status.verified.

  Differs                  the copy shows something else than agreed
  Behind                   the copy shows what was agreed earlier
  Missing                  the copy is not there
  Extra                    the folder holds an item that the group does not know
  Unread                   it could not be read

  --group NAMESPACE/NAME   only this group
  -f, --file FILE          YAML files, of some of the groups
${LOCAL}
${STATE}
  -o, --output table|json  json has all there is, the table 200 deviations of a group`,
  validate: validateUsage,
  status: `\
usage: exsync status --state DIR

Says how the groups of a directory (exsync run --local) stand. Exits 1 unless all are Ready.
On Kubernetes: kubectl get syncgroups -A.

  --state DIR              the directory of the state; also EXSYNC_STATE`,
  conflicts: `\
usage: exsync conflicts [list | show N] --state DIR [-o table|json]

Lists the fields for which there were two different edits, the newest first; with show N both sides of one.

${OUTPUT}
${STATE}`,
  'conflicts show': `\
usage: exsync conflicts show N --state DIR [-o table|json]

Shows both sides of one conflict, field by field. N is in the last column of exsync conflicts.

  -o, --output table|json  YAML for people, or JSON
${STATE}`,
  bin: `\
usage: exsync bin [list] --state DIR [-o table|json]
       exsync bin show N --state DIR [-o table|json]
       exsync bin restore (N… | N-M | --pass P | --replica R --since T) --state DIR [--dry-run]
       exsync bin cancel (N… | --all) --state DIR

What was kept before it was overwritten or deleted: to look at, and to have it put back.

${OUTPUT}
${STATE}`,
  'bin list': `\
usage: exsync bin list [--group NS/NAME] [--since T] [--reason R] [--name TEXT] --state DIR [-o table|json]

Lists what was kept before it was overwritten or deleted, the newest first, and what became of asking for it. On a
terminal with the name of the contact, which is in no other output. What edits replaced: exsync history.

${WHICH}
${OUTPUT}
${STATE}

${WHEN}`,
  'bin show': `\
usage: exsync bin show N --state DIR [-o table|json]

Shows one thing of the bin with its content. N is in the first column of exsync bin list.

  -o, --output table|json  YAML for people, or JSON
${STATE}`,
  'bin cancel': `\
usage: exsync bin cancel (N… | --all) [--group NS/NAME] --state DIR

Takes back what was asked for and waits for a pass, also what the guard has set aside. What was done already is undone
with exsync rollback or exsync bin restore.

  --all                    all that waits
  --group NS/NAME          of this group only
${STATE}`,
  'bin restore': `\
usage: exsync bin restore N… --state DIR
       exsync bin restore N-M… --state DIR
       exsync bin restore --pass P [--group NS/NAME] --state DIR
       exsync bin restore --replica R --since T [--group NS/NAME] --state DIR

Has it put back: the group's next pass makes the edit, so it reaches every folder. A controller may be running.
What it overwrites goes into the bin in its turn. When one of the numbers cannot be put back, none is asked for.

N-M are all entries from N to M. --pass P undoes the edits and deletes of one pass, --replica R --since T those of one
replica: what was edited since by others is left as it is, and listed. Several entries are shown as a plan first; of one
contact the oldest of them counts. A deleted contact that was entered again is edited, not doubled.

${ASKING}
  --group NS/NAME          of this group only
${STATE}

${WHEN}`,
  history: `\
usage: exsync history [--item N | --replica R | --since T | --pass P] --state DIR [-o table|json]

Lists everything that replaced agreed content, the newest first: edits, deletes, what came back, and what lost a conflict.
WHO edited or deleted; FIELDS are those that were replaced. On a terminal with the name of the contact, which is in no
other output. Undo it with exsync bin restore or exsync rollback.

  --item N                 of the contact that entry N is about
${WHICH}
${OUTPUT}
${STATE}

${WHEN}`,
  rollback: `\
usage: exsync rollback --group NS/NAME --to T [--replica R] --state DIR [--dry-run | --approve HASH]

What was agreed right before T comes back as edits, with the group's next passes: fields get the values of then, contacts
that were deleted since come back. Contacts that are new since stay. What is overwritten goes into the bin, so a rollback can
be rolled back. The guard counts it like edits (spec.guard.updates), unless the plan is approved.

  --group NS/NAME          the group
  --to T                   the time; T may be the TIME of an entry of exsync history, which is undone, too
  --replica R              only what this replica or mailbox did since; what others edited since is left as it is
${ASKING}
${STATE}

${WHEN}`,
  forget: `\
usage: exsync forget (--item N | --match TEXT) [--group NAMESPACE/NAME] --state DIR [--yes]

Erases somebody from what was kept, for a request of data protection: every entry of the bin of the contacts that are
meant, their conflicts, and what the journal says of them. The journal keeps that something was erased, when and how
much. Without --yes it shows how much that is, on a terminal also whom, and exits 2. A controller may be running.

What is still in the folders of a group is not erased: delete it there first. Nor is what backups hold.

  --item N                 the contact that entry N of exsync bin list is of
  --match TEXT             contacts with this in a name, an address or a number; at least 3 characters
  --group NAMESPACE/NAME   of this group only
  --yes                    erase it; nothing brings it back
${STATE}`,
  backup: `\
usage: exsync backup FILE --state DIR

Copies the state into FILE, which must not exist, as it is at one moment. A controller may be running. FILE appears when
it is whole and checked; until then it is FILE.part. An encrypted state stays encrypted, and needs no key for this.

  --state DIR              the directory of the state; also EXSYNC_STATE
  --key-file FILE          makes sure that this key opens it; also EXSYNC_KEY_FILE`,
  'restore-state': `\
usage: exsync restore-state FILE --state DIR [--dry-run]

Puts a copy of FILE, which exsync backup made, in the place of the state, and says what an old state means. No
controller may be running. The state of before stays beside it as exsync.db.before-TIME, which is a backup itself:
exsync restore-state of it undoes this. The next pass of each group lists every folder whole.

  --dry-run                only say what it would mean
${STATE}`,
  rekey: `\
usage: exsync rekey --state DIR --key-file OLD --new-key-file NEW    another key
       exsync rekey --state DIR --new-key-file NEW                   a first key: what was plain is encrypted
       exsync rekey --state DIR --key-file OLD --plain               no key any more

Encrypts everything in the state with another key, and leaves nothing in its files that the old key opens. No
controller may run on the state meanwhile. When it is cut short, the same command goes on; until it has ended, every
other command says so. The room that the state takes up is needed on its disk twice more.

A key is 32 random bytes that nobody else may read: (umask 077; openssl rand -hex 32 > NEW)
Backups from before still need the old key. A key that others may have: change it, and delete those backups.

  --state DIR              the directory of the state; also EXSYNC_STATE
  --key-file OLD           the key that the state has; also EXSYNC_KEY_FILE
  --new-key-file NEW       the key that it gets
  --plain                  it gets none`,
}

/** The help for a command, given as its words; for anything that has none of its own, the help for all. */
export function helpFor(words: readonly string[]): string {
  return texts[words.slice(0, 2).join(' ')] ?? texts[words[0] ?? ''] ?? usage
}
