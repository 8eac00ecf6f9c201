// The help texts: `exsync --help`, and `--help` after any command. The flags are those of the table of commands.
import {
  clusterFlags,
  commandOf,
  commands,
  keepingFlags,
  outputsOf,
  runningFlags,
} from '../config/commands.ts'
import { type FlagName, flagOf, writtenOf } from '../config/flags.ts'
import { clusterTexts, clusterUsage } from './cluster/help.ts'
import { doctorUsage } from './doctor-usage.ts'
import { planUsage } from './plan/usage.ts'
import { validateUsage } from './validate.ts'

const columns = 118

const WHEN = `\
T is a date (2026-03-01), a time (2026-03-01T09:30Z; without a zone in UTC) or an age (2h, 90m, 7d).`

/** The lines of some flags, their names in one column and their texts in another; `notes` replace the texts. */
function flagsText(
  names: readonly FlagName[],
  notes: Readonly<Partial<Record<FlagName, string>>> = {},
  outputs: readonly string[] = outputsOf(undefined),
): string {
  const rows = names.map((name) => {
    const { short, help, ...flag } = flagOf(name)
    const value = name === 'output' ? outputs.join('|') : flag.value
    const written = `  ${short ? `-${short}, ` : ''}${writtenOf(name)}${value ? ` ${value}` : ''}`
    return [written, notes[name] ?? help] as const
  })
  const width = rows.reduce((most, [written]) => Math.max(most, written.length + 2), 27)
  return rows
    .flatMap(([written, help]) =>
      wrapped(help, columns - width).map((line, i) => {
        const head = i === 0 ? written : ''
        return `${head.padEnd(width)}${line}`
      }),
    )
    .join('\n')
}

function wrapped(text: string, width: number): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}

/** The overview of all commands. */
export const usage = `\
usage: exsync <command>

  run --state DIR [--once]                 keep the groups of a Kubernetes cluster in sync; --once: one pass each
  run --local DIR --state DIR [--once]     keep the groups of a directory in sync
  plan (--local DIR | -f FILE… | [--kubeconfig FILE]) --state DIR [--against FILE…] [-o table|wide|json|markdown]
                                           show what a pass would do now, or with changed resources; writes nothing
                                           exits 0: nothing to do, 2: changes, 1: error
  verify (--local DIR | -f FILE…) --state DIR [--group NAMESPACE/NAME] [-o table|json]
                                           read every copy again and list each that is not as agreed; writes nothing
                                           exits 0: all proved, 2: deviations or unread copies, 1: error
  doctor [--local DIR | -f FILE…] [--server NAMESPACE/NAME] [--group NAMESPACE/NAME] [-o table|json]
                                           say what servers and folders lack, and the line that mends it; writes nothing
  validate FILE… [-o table|json]           check resources offline
  status --state DIR [-o table|json]       show the status of the groups
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

${clusterUsage}

  completion bash | zsh | fish | powershell
                                           print the script that completes commands and flags in this shell
  version [-o table|json]                  print the version, as --version does
  help <command>, <command> --help         help for one command

${flagsText(keepingFlags)}

for run:
${flagsText(runningFlags)}

for run on Kubernetes (KUBECONFIG, or the service account of a pod):
${flagsText(clusterFlags)}`

/** The help of each command, by its words. */
const texts: Readonly<Record<string, string>> = {
  run: `\
usage: exsync run [--local DIR] --state DIR [--once]

Keeps the groups of a Kubernetes cluster, or of a directory, in sync until it is asked to stop (SIGTERM).
With --once it makes one pass for each group, and exits 1 unless all are Ready.

With --local on a terminal it draws how far each group is, and the log in words; with NO_COLOR, TERM=dumb or CI it writes
plain lines instead. Into a pipe or a file, and on Kubernetes, its log is JSON.`,
  plan: planUsage,
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
  Unread                   the copy could not be read`,
  doctor: doctorUsage,
  validate: validateUsage,
  status: `\
usage: exsync status --state DIR [--watch] [-o table|json]

Shows the status of the groups of a directory (exsync run --local), and of the ExchangeServers that are probed
while it runs. Exits 1 unless all groups are Ready. With --watch it is shown again whenever it changes, until
interrupted. On a cluster (kubectl exsync status, or in the controller's pod) the statuses are those of the API server.`,
  conflicts: `\
usage: exsync conflicts [list | show N] --state DIR [-o table|json]

Lists fields with two different edits, the newest first; show N shows both sides of one.`,
  'conflicts show': `\
usage: exsync conflicts show N --state DIR [-o table|json]

Shows both sides of one conflict, field by field. N is in the last column of exsync conflicts.`,
  bin: `\
usage: exsync bin [list] --state DIR [-o table|json]
       exsync bin show N --state DIR [-o table|json]
       exsync bin restore (N… | N-M | --pass P | --replica R --since T) --state DIR [--dry-run]
       exsync bin cancel (N… | --all) --state DIR

Shows content that was kept before it was overwritten or deleted, and restores it.`,
  'bin list': `\
usage: exsync bin list [--group NS/NAME] [--since T] [--reason R] [--name TEXT] --state DIR [-o table|json]

Lists content that was kept before it was overwritten or deleted, the newest first, and the state of its restore. On a
terminal it shows the name of the contact, which no other output contains. Replaced by edits: exsync history.

${WHEN}`,
  'bin show': `\
usage: exsync bin show N --state DIR [-o table|json]

Shows one entry of the bin with its content. N is in the first column of exsync bin list.`,
  'bin cancel': `\
usage: exsync bin cancel (N… | --all) [--group NS/NAME] --state DIR

Cancels restores that wait for a pass, also those that the guard blocked. Undo a restore that was carried out with
exsync rollback or exsync bin restore.`,
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

${WHEN}`,
  history: `\
usage: exsync history [--item N | --replica R | --since T | --pass P] --state DIR [-o table|json]

Lists all changes of agreed content, the newest first: edits, deletes, restores, and edits that lost a conflict.
WHO is the editor; FIELDS are the replaced fields. On a terminal it shows the name of the contact, which no other output
contains. Undo a change with exsync bin restore or exsync rollback.

${WHEN}`,
  rollback: `\
usage: exsync rollback --group NS/NAME --to T [--replica R] --state DIR [--dry-run | --approve HASH]

Restores the content that was agreed right before T, as edits in the group's next passes: fields get their former values,
contacts that were deleted since come back, contacts that are new since stay. Overwritten content goes into the bin, so a
rollback can be rolled back. The guard counts it like edits (spec.guard.updates), unless the plan is approved.

${WHEN}`,
  forget: `\
usage: exsync forget (--item N | --match TEXT) [--group NAMESPACE/NAME] --state DIR [--yes]

Erases a person from the kept data, for a data protection request: every entry of the bin of the matching contacts, their
conflicts, and their lines in the journal. The journal keeps that an erasure took place, when and how much. Without --yes
it shows how much that is, on a terminal with names, and exits 2. A controller may run meanwhile.

Contacts in the folders of a group are not erased: delete them there first. Backups are not changed either.`,
  backup: `\
usage: exsync backup FILE --state DIR

Copies the state into FILE, which must not exist, as it is at one moment. A controller may run meanwhile. FILE appears
when it is complete and checked; until then it is FILE.part. An encrypted state stays encrypted and needs no key for this.`,
  'restore-state': `\
usage: exsync restore-state FILE --state DIR [--dry-run]

Replaces the state by a copy of FILE, a backup by exsync backup, and shows the effects. No controller may run. The former
state stays beside it as exsync.db.before-TIME, which is a backup itself: exsync restore-state with that file undoes this.
The next pass of each group lists every folder completely.`,
  rekey: `\
usage: exsync rekey --state DIR --key-file OLD --new-key-file NEW    change the key
       exsync rekey --state DIR --new-key-file NEW                   add a key: encrypt the state
       exsync rekey --state DIR --key-file OLD --plain               remove the key: decrypt the state

Encrypts everything in the state with another key; afterwards the old key opens nothing in its files. No controller may
run on the state meanwhile. If it is interrupted, the same command continues; until then every other command refuses. It
needs free space on the disk for twice the size of the state.

A key is 32 random bytes that no other user may read: (umask 077; openssl rand -hex 32 > NEW)
Older backups still need the old key. If others may know a key: change it, and delete those backups.`,
  ...clusterTexts,
  completion: `\
usage: exsync completion bash | zsh | fish | powershell

Prints the script that completes commands and flags in a shell.

  bash         exsync completion bash > /etc/bash_completion.d/exsync
               or, for one user: echo 'eval "$(exsync completion bash)"' >> ~/.bashrc
  zsh          exsync completion zsh > ~/.zfunc/_exsync, with fpath+=~/.zfunc before compinit in ~/.zshrc
  fish         exsync completion fish > ~/.config/fish/completions/exsync.fish
  powershell   exsync completion powershell >> $PROFILE`,
  version: `\
usage: exsync version [-o table|json]

Prints the version of the program.`,
}

/** The help for a command, given as its words; the overview if it has none. */
export function helpFor(words: readonly string[]): string {
  const name = commandOf(words) ?? ''
  const text = texts[name] ?? texts[words[0] ?? '']
  if (text === undefined) return usage
  const { flags = [], notes } = commands[name] ?? {}
  return flags.length === 0 ? text : `${text}\n\n${flagsText(flags, notes, outputsOf(name))}`
}
