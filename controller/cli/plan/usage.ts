// The help of `exsync plan`.

/** The text of `exsync plan --help`. */
export const planUsage = `\
usage: exsync plan (--local DIR | -f FILE…) --state DIR [--against FILE…] [-o table|wide|json|markdown]
       exsync plan [--kubeconfig FILE] [--context C] [-n NS] --state DIR [--against FILE…] [-o table|wide|json|markdown]
       exsync plan --kubeconfig FILE [--context C] [-n NS] -f FILE… [--timeout 5m] [-o table|json|markdown]

Shows what a pass would do now, per group and change. Writes nothing: not to Exchange, the state or the cluster. A controller
may run meanwhile. Without a state in DIR it plans a first pass.
Exits 0: nothing to do, 2: changes, 1: error.

Without --local and -f it reads the SyncGroups and ExchangeServers of a cluster and the Secrets that these name, with the
rights of the kubeconfig's user or of the pod. The state of a cluster is in its pod: run it there (kubectl exsync plan), or
name a copy (exsync backup) with --state. Give it the flags for hosts and Secrets that the controller has.

With --kubeconfig (or --context) and -f the controller of the cluster plans the SyncGroups in FILE, by one SyncPlan each, with
its own credentials. That needs neither a state nor a password here, only the right to create, get and delete SyncPlans.
ExchangeServers in FILE are not sent: those of the cluster count. The SyncPlans are deleted at the end.

--against plans changed resources: those in FILE replace the declared ones of the same kind, namespace and name, or are
added. Nothing is removed. A replaced group is the same group for the state.

The table has at most the rows of the terminal, or 24 lines, and says how much it leaves out; -o wide shows every line. On a
terminal it shows the names of items, which no other output contains; --no-show-names shows their links.`
