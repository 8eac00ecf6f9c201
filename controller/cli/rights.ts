// A right that the API server says is missing, as a message with the command that grants it.

/** How the API server writes a missing right. */
const form =
  /User "([^"\s]+)" cannot (\w+) resource "([a-z]+)" in API group "([a-z.]*)"(?: in the namespace "([a-z0-9-]+)")?/

/**
 * The message for a refusal of the API server: the missing right, and the command that grants it. The answer as it is if it
 * has another form.
 */
export function missingRight(refusal: string): string {
  const [found, user, , resource, group = '', namespace] = form.exec(refusal) ?? []
  if (found === undefined || user === undefined || resource === undefined) return refusal
  const what = group === '' ? resource : `${resource}.${group}`
  const [, named] = /\b[a-z]+ "([a-z0-9.-]+)" is forbidden/.exec(refusal) ?? []
  const only = named === undefined ? '' : ` --resource-name=${named}`
  const where = namespace === undefined ? 'in all namespaces' : `in the namespace ${namespace}`
  const name = `exsync-plan-${resource}`
  const kind = namespace === undefined ? 'clusterrole' : 'role'
  const scope = namespace === undefined ? '' : ` -n ${namespace}`
  return (
    `the user ${user} may not get, list and watch ${what}${named === undefined ? '' : ` ${named}`} ${where}. An administrator grants it: ` +
    `kubectl create ${kind} ${name}${scope} --verb=get,list,watch --resource=${what}${only} && ` +
    `kubectl create ${kind}binding ${name}${scope} --${kind}=${name} ${subjectOf(user)}`
  )
}

function subjectOf(user: string): string {
  const [, account] = /^system:serviceaccount:([a-z0-9-]+:[a-z0-9.-]+)$/.exec(user) ?? []
  if (account !== undefined) return `--serviceaccount=${account}`
  return /^[\w.:@-]+$/.test(user) ? `--user=${user}` : `--user='${user.replaceAll("'", `'\\''`)}'`
}
