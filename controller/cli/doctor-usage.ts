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
  unknown                  not checked, because something else is missing, or because nothing tells`
