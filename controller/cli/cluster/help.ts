// The help texts of the commands for clusters.

/** The lines of the overview. */
export const clusterUsage = `\
  reconcile NAME | exchangeserver/NAME     on a cluster: request a pass of a group, or a probe of a server
  suspend NAME | exchangeserver/NAME       on a cluster: suspend a group or a server
  resume NAME | exchangeserver/NAME        on a cluster: resume it
  approve NAME [HASH]                      on a cluster: show what the guard blocks; approve exactly that
  support-bundle [DIR] [--with-doctor]     collect what a support case needs, without content and secrets
  restore …                                the same as bin restore

As kubectl exsync <command>, and with --kubeconfig, --context, -n NS or -A, status and the five above use the API server; plan,
verify, doctor, conflicts, bin, history, rollback and forget run in the controller's pod. With --local or --state they use
a directory, as exsync does.`

const resource = `\
NAME is a SyncGroup in the namespace of the context, or of -n. NAMESPACE/NAME and exchangeserver/NAME are possible, too. In a
directory (--local DIR) the command refuses, and names the line of the file that does the same.`

/** The help of each command, by its name. */
export const clusterTexts: Readonly<Record<string, string>> = {
  reconcile: `\
usage: kubectl exsync reconcile NAME | exchangeserver/NAME [-n NS]

Requests a pass of a group, or a probe of a server, by the annotation exchangesync.dev/requestedAt. Does not wait for it: see
kubectl exsync status --watch.

${resource}`,
  suspend: `\
usage: kubectl exsync suspend NAME | exchangeserver/NAME [-n NS]

Sets spec.suspend. A running pass ends its batch first. Warns if Flux, Argo CD or Helm will set it back.

${resource}`,
  resume: `\
usage: kubectl exsync resume NAME | exchangeserver/NAME [-n NS]

Sets spec.suspend to false. Warns if Flux, Argo CD or Helm will set it back.

${resource}`,
  approve: `\
usage: kubectl exsync approve NAME [-n NS]                       show what waits, with its hash; exits 2 if something does
       kubectl exsync approve NAME HASH [-n NS]                  approve exactly that
       kubectl exsync approve exchangeserver/NAME [HASH] [-n NS] the same for groups above the ceilings of a server

Approves a plan that the guard blocked, by the annotation exchangesync.dev/approve. The hash must be the one that the status
shows at that moment. Above the ceilings of an ExchangeServer the approval is written to each server that sets some, which
needs the right to edit it. With --local DIR --state DIR it shows what waits, and names the file.

${resource}`,
  'support-bundle': `\
usage: kubectl exsync support-bundle [DIR] [-n NS | -A] [--with-doctor] [--log-lines N]
       exsync support-bundle [DIR] --local DIR --state DIR [--with-doctor]

Writes a new directory: versions, resources with their statuses, events, the controller's pod with its Lease, the last lines of
its log, and its metrics. Mailboxes, hosts, IP addresses and folder paths are replaced by pseudonyms, which are the same within
one bundle. No content, and no Secret is read. Of the log and of doctor it has what is about its namespaces; -A takes all. A part
that cannot be taken is named, and the others follow.`,
  restore: `\
usage: exsync restore (N… | N-M | --pass P | --replica R --since T) --state DIR [--dry-run]

The same as exsync bin restore: see exsync bin restore --help.`,
}
