// The help of `exsync doctor`.

/** The text of `exsync doctor --help`. */
export const doctorUsage = `\
usage: exsync doctor [--local DIR | -f FILE…] [--server NAMESPACE/NAME] [--group NAMESPACE/NAME] [-o table|json]

Says of each ExchangeServer and each folder of each group whether the controller can use it, what is missing, and what
mends it: a line for the Exchange Management Shell, or a change of the resource. Needs no state and writes nothing. Without
--local and -f it reads the resources of the cluster, as run does. A running controller is not affected.
Exits 0: all is well, 2: something is missing, 1: the command failed, or the resources cannot be read.
A wrong password costs one attempt per server; with NTLM over TLS two, because the other setting of channelBinding is
tried as well.

  ok                       nothing to do
  missing                  the controller cannot use it; the next line is the remedy
  unknown                  not checked, because something else is missing, or because nothing tells

  --server NAMESPACE/NAME  only this ExchangeServer, and no groups unless --group names one
  --group NAMESPACE/NAME   only this group, and the servers that it names
  -f, --file FILE          YAML files with some of the resources
  --local DIR              a directory of YAML files instead of a Kubernetes cluster
  --allow-cross-namespace-refs, --allowed-server-hosts HOST,…
  --watch-namespace NS     on Kubernetes: only this namespace; may be repeated. Name those that the controller has
  --allow-loopback-http, --allow-unlabelled-credentials, --max-request-timeout 10m
                           as of run
  -o, --output table|json  both show every line as soon as it is known`
