// The help of `exsync plan`.

/** The text of `exsync plan --help`. */
export const planUsage = `\
usage: exsync plan (--local DIR | -f FILE…) --state DIR [--against FILE…] [-o table|wide|json|markdown]
       exsync plan --kubeconfig FILE [--context C] [-n NS] [-o table|wide|json|markdown]
       exsync plan --kubeconfig FILE [--context C] [-n NS] -f FILE… [--timeout 5m] [-o table|json|markdown]
       exsync plan --kubeconfig FILE [--context C] [-n NS] --state COPY [--against FILE…] [-o table|wide|json|markdown]

Shows what a pass would do now, per group and change. Writes nothing: not to Exchange, the state or the cluster. A controller
may run meanwhile. Without a state in DIR it plans a first pass.
Exits 0: nothing to do, 2: changes, 1: error.

On a cluster (--kubeconfig or --context; kubectl exsync plan needs neither):
- alone, it runs in the pod of the controller, which has the state.
- with -f, or --against without --state, the controller plans the SyncGroups in FILE, by one SyncPlan each, with its own
  credentials. That needs neither a state nor a password here, only the right to create, get and delete SyncPlans.
  ExchangeServers in FILE are not sent: those of the cluster count. The SyncPlans are deleted at the end.
- with --state it reads the SyncGroups and ExchangeServers and the Secrets that these name, with the rights of the user, and
  plans with a copy of the state (exsync backup). Give it the flags for hosts and Secrets that the controller has.

--against plans changed resources: those in FILE replace the declared ones of the same kind, namespace and name, or are
added. Nothing is removed. A replaced group is the same group for the state.

The table has at most the rows of the terminal, or 24 lines, and says how much it leaves out; -o wide shows every line. On a
terminal it shows the names of items, which no other output contains; --no-show-names shows their links.`
