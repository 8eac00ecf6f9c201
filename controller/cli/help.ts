// The help texts: `exsync --help`, and `--help` after any command.
import { doctorUsage } from './doctor-usage.ts'
import { validateUsage } from './validate.ts'

const STATE = `\
  --state DIR              the directory of the state; also EXSYNC_STATE
  --key-file FILE          the key of an encrypted state; also EXSYNC_KEY_FILE`
const OUTPUT = '  -o, --output table|json  json is complete, the table shows the newest 200'
const WHICH = `\
  --group NS/NAME          only of this group
  --replica R              only of this replica: a mailbox (anna@corp.example), the public folder of a
                           member (/Branches/Cracow) or the hub (hub)
  --since T                only since this time
  --pass P                 only of this pass, as exsync history names it
  --reason R               Edited, Conflict, Drift, Deleted, Restored, Backup, Removed or Unmarked
  --name TEXT              only contacts with this in their name, company or e-mail address`
const WHEN = `\
T is a date (2026-03-01), a time (2026-03-01T09:30Z; without a zone in UTC) or an age (2h, 90m, 7d).`
const ASKING = `\
  --dry-run                show the plan with its hash and request nothing; exits 0: nothing to do, 2: changes
  --approve HASH           request exactly the plan that a dry run showed, whatever the guard allows
  -o, --output table|json  json is complete, the table shows the first 200 lines`
const LOCAL = `\
  --local DIR              a directory of YAML files instead of a Kubernetes cluster
  --allow-cross-namespace-refs
                           spec.serverRef.namespace may name another namespace
  --allowed-server-hosts HOST,…
                           servers may only be on these hosts`

const KEEPING = `\
  --audit-interval 6h      how often a pass reads everything
  --bin-retention 720h     retention of the bin and the journal
  --history-retention 720h retention of the history of edits, which uses at most half of --bin-limit
  --bin-limit 1Gi          size of the bin; when it is full, nothing is overwritten or deleted
  --key-file FILE          the state is encrypted with this key: 32 bytes, raw, hexadecimal or base64;
                           also EXSYNC_KEY_FILE; needed by every command with --state; a file that every user of the
                           machine may read is refused; exsync rekey changes the key, or removes it
  --log-level info         also EXSYNC_LOG_LEVEL; trace, debug, info, warn, error`
const RUNNING = `\
for run:
  --concurrent 4                      groups that have a pass at the same time
  --interval-jitter-percentage 5      random deviation of intervals, so that groups do not run in step
  --graceful-shutdown-timeout 20s     how long passes may take to finish their batch
  --max-contact-size 4Mi              a larger contact is skipped and named in the status
  --max-request-timeout 10m           the longest spec.limits.requestTimeout of a server
  --max-pass-timeout 1h               the longest spec.timeout of a group
  --max-members 2000                  the most members of a group
  --allow-cross-namespace-refs        spec.serverRef.namespace may name another namespace
  --allowed-server-hosts HOST,…       servers may only be on these hosts, like mail.corp.example or *.corp.example
  --metrics-bind-address :8080        address of /metrics; 0: none (default with --local)
  --health-probe-bind-address :9440   address of /healthz and /readyz; likewise

for run on Kubernetes (KUBECONFIG, or the service account of a pod):
  --watch-namespace NS                watch only this namespace; may be repeated
  --allow-loopback-http               servers may be on http://localhost
  --allow-unlabelled-credentials      credentials may come from a Secret without the label
                                      exchangesync.dev/credentials=true; removed in the next release
  --no-leader-elect                   run without a Lease; make sure that no other controller runs
  --leader-elect-resource-name exchange-sync-controller
  --leader-elect-resource-namespace   default: that of the pod (POD_NAMESPACE) or of the kubeconfig
  --leader-elect-lease-duration 15s, --leader-elect-renew-deadline 10s, --leader-elect-retry-period 2s`

/** The overview of all commands. */
export const usage = `\
usage: exsync <command>

  run --state DIR [--once]                 keep the groups of a Kubernetes cluster in sync; --once: one pass each
  run --local DIR --state DIR [--once]     keep the groups of a directory in sync
  plan (--local DIR | -f FILE…) --state DIR [-o table|json]
                                           show what a pass would do now; writes nothing
                                           exits 0: nothing to do, 2: changes, 1: error
  verify (--local DIR | -f FILE…) --state DIR [--group NAMESPACE/NAME] [-o table|json]
                                           read every copy again and list each that is not as agreed; writes nothing
                                           exits 0: all proved, 2: deviations or unread copies, 1: error
  doctor [--local DIR | -f FILE…] [--server NAMESPACE/NAME] [--group NAMESPACE/NAME] [-o table|json]
                                           say what servers and folders lack, and the line that mends it; writes nothing
  validate FILE…                           check resources offline
  status --state DIR                       show the status of the groups
  conflicts [show N] --state DIR           list fields with two different edits; show both sides of one
  bin list | show N --state DIR            show content that was overwritten or deleted
  bin restore (N… | N-M | --pass P | --replica R --since T) --state DIR [--dry-run]
                                           restore it in all folders, by the next pass
  bin cancel (N… | --all) --state DIR      cancel pending restores
  history --state DIR                      list all changes of agreed content: who, what, when
  rollback --group NS/NAME --to T --state DIR [--dry-run]
                                           restore the content that was agreed at that time, as edits
  forget (--item N | --match TEXT) [--group G] --state DIR [--yes]
                                           erase a person from the kept data; without --yes only show it
  backup FILE --state DIR                  copy the state; a controller may run
  restore-state FILE --state DIR [--dry-run]
                                           replace the state by a backup; no controller may run
  rekey --state DIR                        change, add or remove the key of the state

  <command> --help                         help for one command
  --version                                the version

${KEEPING}

${RUNNING}`

const texts: Readonly<Record<string, string>> = {
  run: `\
usage: exsync run [--local DIR] --state DIR [--once]

Keeps the groups of a Kubernetes cluster, or of a directory, in sync until it is asked to stop (SIGTERM).
With --once it makes one pass for each group, and exits 1 unless all are Ready.

  --state DIR              the directory of the state, created if missing; also EXSYNC_STATE
  --local DIR              a directory of YAML files instead of a Kubernetes cluster
${KEEPING}

${RUNNING}`,
  plan: `\
usage: exsync plan (--local DIR | -f FILE…) --state DIR [-o table|json]

Shows what a pass would do now, per group and replica. Writes nothing.
Exits 0: nothing to do, 2: changes, 1: error. Without a state it plans a first pass.

  -f, --file FILE          YAML files with some of the groups
${LOCAL}
${STATE}
  -o, --output table|json  json is complete, the table shows 20 lines of a kind`,
  verify: `\
usage: exsync verify (--local DIR | -f FILE…) --state DIR [--group NAMESPACE/NAME] [-o table|json]

Reads every copy in every folder again and compares it with the agreed content. Writes nothing. A controller may run
meanwhile: a deviation is checked once more before it is listed. Names links, fields and times, never content.
Exits 0: all proved, 2: a copy deviates or could not be read, 1: error.
On Kubernetes: kubectl annotate --overwrite sg NAME exchangesync.dev/verifyAt=$(date +%s), then see status.verified.

  Differs                  the copy differs from the agreed content
  Behind                   the copy has content that was agreed earlier
  Missing                  the copy does not exist
  Extra                    the folder contains an item that the group does not know
  Unread                   the copy could not be read

  --group NAMESPACE/NAME   only this group
  -f, --file FILE          YAML files with some of the groups
${LOCAL}
${STATE}
  -o, --output table|json  json is complete, the table shows 200 deviations of a group`,
  doctor: doctorUsage,
  validate: validateUsage,
  status: `\
usage: exsync status --state DIR [--watch]

Shows the status of the groups of a directory (exsync run --local), and of the ExchangeServers that are probed
while it runs. Exits 1 unless all groups are Ready. With --watch it is shown again whenever it changes, until
interrupted. On Kubernetes: kubectl get syncgroups -A.

  --state DIR              the directory of the state; also EXSYNC_STATE`,
  conflicts: `\
usage: exsync conflicts [list | show N] --state DIR [-o table|json]

Lists fields with two different edits, the newest first; show N shows both sides of one.

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

Shows content that was kept before it was overwritten or deleted, and restores it.

${OUTPUT}
${STATE}`,
  'bin list': `\
usage: exsync bin list [--group NS/NAME] [--since T] [--reason R] [--name TEXT] --state DIR [-o table|json]

Lists content that was kept before it was overwritten or deleted, the newest first, and the state of its restore. On a
terminal it shows the name of the contact, which no other output contains. Replaced by edits: exsync history.

${WHICH}
${OUTPUT}
${STATE}

${WHEN}`,
  'bin show': `\
usage: exsync bin show N --state DIR [-o table|json]

Shows one entry of the bin with its content. N is in the first column of exsync bin list.

  -o, --output table|json  YAML for people, or JSON
${STATE}`,
  'bin cancel': `\
usage: exsync bin cancel (N… | --all) [--group NS/NAME] --state DIR

Cancels restores that wait for a pass, also those that the guard blocked. Undo a restore that was carried out with
exsync rollback or exsync bin restore.

  --all                    all pending restores
  --group NS/NAME          only of this group
${STATE}`,
  'bin restore': `\
usage: exsync bin restore N… --state DIR
       exsync bin restore N-M… --state DIR
       exsync bin restore --pass P [--group NS/NAME] --state DIR
       exsync bin restore --replica R --since T [--group NS/NAME] --state DIR

Requests a restore: the group's next pass makes the edit, so it reaches every folder. A controller may run meanwhile.
Content that the restore overwrites goes into the bin. If one of the numbers cannot be restored, none is requested.

N-M means all entries from N to M. --pass P undoes the edits and deletes of one pass, --replica R --since T those of one
replica: later edits by others stay, and are listed. Several entries are shown as a plan first; of one contact the oldest
entry counts. A deleted contact that was entered again is edited, not doubled.

${ASKING}
  --group NS/NAME          only of this group
${STATE}

${WHEN}`,
  history: `\
usage: exsync history [--item N | --replica R | --since T | --pass P] --state DIR [-o table|json]

Lists all changes of agreed content, the newest first: edits, deletes, restores, and edits that lost a conflict.
WHO is the editor; FIELDS are the replaced fields. On a terminal it shows the name of the contact, which no other output
contains. Undo a change with exsync bin restore or exsync rollback.

  --item N                 only of the contact that entry N is about
${WHICH}
${OUTPUT}
${STATE}

${WHEN}`,
  rollback: `\
usage: exsync rollback --group NS/NAME --to T [--replica R] --state DIR [--dry-run | --approve HASH]

Restores the content that was agreed right before T, as edits in the group's next passes: fields get their former values,
contacts that were deleted since come back, contacts that are new since stay. Overwritten content goes into the bin, so a
rollback can be rolled back. The guard counts it like edits (spec.guard.updates), unless the plan is approved.

  --group NS/NAME          the group
  --to T                   the time; with the TIME of an entry of exsync history, that entry is undone, too
  --replica R              undo only edits of this replica or mailbox; later edits by others stay
${ASKING}
${STATE}

${WHEN}`,
  forget: `\
usage: exsync forget (--item N | --match TEXT) [--group NAMESPACE/NAME] --state DIR [--yes]

Erases a person from the kept data, for a data protection request: every entry of the bin of the matching contacts, their
conflicts, and their lines in the journal. The journal keeps that an erasure took place, when and how much. Without --yes
it shows how much that is, on a terminal with names, and exits 2. A controller may run meanwhile.

Contacts in the folders of a group are not erased: delete them there first. Backups are not changed either.

  --item N                 the contact of entry N in exsync bin list
  --match TEXT             contacts with this in a name, an address or a number; at least 3 characters
  --group NAMESPACE/NAME   only of this group
  --yes                    erase it; this cannot be undone
${STATE}`,
  backup: `\
usage: exsync backup FILE --state DIR

Copies the state into FILE, which must not exist, as it is at one moment. A controller may run meanwhile. FILE appears
when it is complete and checked; until then it is FILE.part. An encrypted state stays encrypted and needs no key for this.

  --state DIR              the directory of the state; also EXSYNC_STATE
  --key-file FILE          checks that this key opens it; also EXSYNC_KEY_FILE`,
  'restore-state': `\
usage: exsync restore-state FILE --state DIR [--dry-run]

Replaces the state by a copy of FILE, a backup by exsync backup, and shows the effects. No controller may run. The former
state stays beside it as exsync.db.before-TIME, which is a backup itself: exsync restore-state with that file undoes this.
The next pass of each group lists every folder completely.

  --dry-run                only show the effects
${STATE}`,
  rekey: `\
usage: exsync rekey --state DIR --key-file OLD --new-key-file NEW    change the key
       exsync rekey --state DIR --new-key-file NEW                   add a key: encrypt the state
       exsync rekey --state DIR --key-file OLD --plain               remove the key: decrypt the state

Encrypts everything in the state with another key; afterwards the old key opens nothing in its files. No controller may
run on the state meanwhile. If it is interrupted, the same command continues; until then every other command refuses. It
needs free space on the disk for twice the size of the state.

A key is 32 random bytes that no other user may read: (umask 077; openssl rand -hex 32 > NEW)
Older backups still need the old key. If others may know a key: change it, and delete those backups.

  --state DIR              the directory of the state; also EXSYNC_STATE
  --key-file OLD           the present key; also EXSYNC_KEY_FILE
  --new-key-file NEW       the new key
  --plain                  no new key`,
}

/** The help for a command, given as its words; the overview if it has none. */
export function helpFor(words: readonly string[]): string {
  return texts[words.slice(0, 2).join(' ')] ?? texts[words[0] ?? ''] ?? usage
}
