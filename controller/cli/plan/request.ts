// `exsync plan --kubeconfig FILE -f FILE`: lets the controller of a cluster plan the SyncGroups of files, by one SyncPlan each.
//
//   files ──► SyncGroups ──► create ──► the answer, or --timeout ──► delete
//
// Guarantees: only SyncGroups are sent. Each SyncPlan that was created, or may have been, is deleted at the end, also after an error
// or an interruption; one that cannot be deleted ends by its ttl. Needs the rights create, get and delete on SyncPlans.
import { isChange, type PlanSummary } from '../../api/plan-summary.ts'
import type { SyncGroup, SyncPlan } from '../../api/resources.generated.ts'
import { summaryIn } from '../../api/sync-plan.ts'
import { namespaceOf, participantsOf, titleOf } from '../../api/topology.ts'
import type { PlanRequest } from '../../config/request.ts'
import { SyncError } from '../../core/sync-error.ts'
import { kinds } from '../../kube/kinds.ts'
import { resourceIn } from '../../kube/runtime/answers.ts'
import { ApiError, asSyncError, isMissing } from '../../kube/runtime/api-error.ts'
import { Client } from '../../kube/runtime/client.ts'
import { pathOf } from '../../kube/runtime/resource.ts'
import type { Clock } from '../../sync/ports.ts'
import { problemText } from '../../validation/problem.ts'
import { readResources } from '../../validation/resources.ts'
import { sourceOf } from '../environment.ts'
import { jsonText, type Out } from '../output.ts'
import type { PlanForm } from '../plan.ts'
import type { ProcessEdges } from '../runtime.ts'
import { markdownOf } from './markdown.ts'
import { tableOf } from './table.ts'

const kind = kinds.syncPlan
/** How many SyncPlans are there at a time: a controller makes two plans of a namespace at once. */
const atOnce = 2
/** How often an answer is asked for, how long a delete may take, and after which time without a look a controller is missed; ms. */
const lookMs = 500
const deleteMs = 10_000
const unseenMs = 60_000
const ttl = '10m'
const label = { 'app.kubernetes.io/managed-by': 'exsync' }

/** The outputs of the plan and of what is not planned. `rows`, `columns`: of the terminal; undefined: standard output is none. */
type Showing = Readonly<{
  out: Out
  note: (message: string) => void
  rows?: number | undefined
  columns?: number | undefined
}>

/** Plans the groups of the files, prints, and answers the exit code: 0 nothing to do, 2 changes, 1 error. */
export async function planOnCluster(
  request: PlanRequest,
  edges: ProcessEdges,
  form: PlanForm,
  { out, note, rows, columns }: Showing,
): Promise<number> {
  if (form === 'wide')
    throw refused(
      'InvalidArguments',
      '-o wide is for plans that this program makes: a SyncPlan holds counts. Use -o table, markdown or json',
    )
  const { groups, summaries } = await plansOnCluster(request, edges, note)
  if (form === 'json') await out(jsonText({ groups: summaries }), 'lines')
  else {
    const declared = groups.flatMap((group) =>
      participantsOf(group).all.map(({ place }) => titleOf(place)),
    )
    const lines =
      form === 'markdown'
        ? markdownOf(summaries, declared)
        : tableOf(
            summaries.map((summary) => ({ summary })),
            rows,
            columns,
          )
    for (const line of lines) await out(line)
  }
  if (summaries.some(({ error }) => error !== undefined)) return 1
  return summaries.some(isChange) ? 2 : 0
}

/**
 * The plans of all groups in the files, in their order. `note` gets what is not planned. Rejects with a SyncError, after all
 * SyncPlans were deleted.
 */
async function plansOnCluster(
  request: PlanRequest,
  { clock, chance, instance, stop }: ProcessEdges,
  note: (message: string) => void,
): Promise<Readonly<{ groups: readonly SyncGroup[]; summaries: readonly PlanSummary[] }>> {
  // The Kubernetes client loads more slowly than everything else.
  const { Cluster } = await import('../../kube/runtime/kubeconfig.ts')
  const cluster = new Cluster(request.kubeconfig, request.context)
  try {
    const namespace = request.namespace ?? cluster.namespace ?? 'default'
    const groups = await groupsIn(request, namespace, note)
    const client = new Client(cluster, clock, chance)
    const { timeoutMs } = request
    const asking = new Asking({ client, clock, instance, timeoutMs, note }, stop)
    return { groups, summaries: await asking.all(groups) }
  } catch (error) {
    if (stop.aborted) throw interrupted
    throw error
  } finally {
    await cluster.close()
  }
}

const interrupted = new SyncError(
  'terminal',
  'Interrupted',
  'interrupted: there is no plan, and no SyncPlan is left',
)

// The valid SyncGroups. Faults of other resources are for `exsync validate`.
async function groupsIn(
  { files, namespace: only }: PlanRequest,
  namespace: string,
  note: (message: string) => void,
): Promise<readonly SyncGroup[]> {
  const sources = await Promise.all(files.map(sourceOf))
  const { documents, problems } = readResources(sources, { externalSecrets: true, namespace })
  const broken = documents.filter(
    ({ ref, resource }) => ref.kind === 'SyncGroup' && resource === undefined,
  )
  const nameless = problems.filter(({ ref }) => ref === undefined)
  const faulty = [...nameless, ...broken.flatMap((document) => document.problems)]
  for (const problem of faulty) note(problemText(problem))
  if (faulty.length > 0)
    throw refused('InvalidSpec', 'the files are not valid: see above, and exsync validate')
  const servers = documents.filter(({ ref }) => ref.kind === 'ExchangeServer')
  for (const { ref } of servers)
    note(`ExchangeServer ${ref.namespace}/${ref.name} is not planned: the cluster's own is used`)
  const groups = documents.flatMap(({ resource }) =>
    resource?.kind === 'SyncGroup' ? [resource] : [],
  )
  const other = groups.find((group) => only !== undefined && namespaceOf(group) !== only)
  if (other !== undefined) {
    const name = `${namespaceOf(other)}/${other.metadata.name}`
    throw refused('InvalidArguments', `-n ${only} is not the namespace of ${name}: leave out -n`)
  }
  if (groups.length === 0)
    throw refused('InvalidArguments', 'there is no SyncGroup in the files: name others with -f')
  return groups
}

function refused(code: string, message: string): SyncError {
  return new SyncError('terminal', code, message)
}

type Means = Readonly<{
  client: Client
  clock: Clock
  instance: string
  timeoutMs: number
  note: (message: string) => void
}>

// Asks for the plans of groups, a few at a time.
class Asking {
  readonly #means: Means
  readonly #stop: AbortSignal
  readonly #failed = new AbortController()
  readonly #signal: AbortSignal

  constructor(means: Means, stop: AbortSignal) {
    this.#means = means
    this.#stop = stop
    this.#signal = AbortSignal.any([stop, this.#failed.signal])
  }

  async all(groups: readonly SyncGroup[]): Promise<readonly PlanSummary[]> {
    const summaries: PlanSummary[] = []
    const left = groups.entries()
    const worker = async () => {
      for (const [index, group] of left) summaries[index] = await this.#one(group, index)
    }
    const workers = Array.from({ length: atOnce }, () =>
      worker().catch((error: unknown) => {
        this.#failed.abort()
        throw error
      }),
    )
    const ends = await Promise.allSettled(workers)
    this.#stop.throwIfAborted()
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    // The error that ended the others comes first.
    const cause = failed.find((error) => error instanceof SyncError) ?? failed[0]
    if (cause !== undefined) throw cause
    return summaries
  }

  async #one(group: SyncGroup, index: number): Promise<PlanSummary> {
    const { instance } = this.#means
    const namespace = namespaceOf(group)
    const name = `exsync-plan-${instance.slice(0, 8)}-${index + 1}`
    const metadata = { name, namespace, labels: label }
    const syncGroup = { name: group.metadata.name ?? '', spec: group.spec }
    const { apiVersion } = kind
    const plan: SyncPlan = { apiVersion, kind: 'SyncPlan', metadata, spec: { ttl, syncGroup } }
    const path = pathOf(kind, namespace)
    const query = { fieldValidation: 'Strict', fieldManager: 'exsync' }
    // Unless the API server has refused it, there may be one.
    let [made, done] = [true, false]
    try {
      const call = { method: 'POST', path, query, body: plan } as const
      await this.#means.client.json(call, this.#signal).catch((error: unknown) => {
        made = !(error instanceof ApiError)
        throw refusalOf(error, namespace)
      })
      const summary = await this.#answer(plan)
      done = true
      return summary
    } finally {
      if (made) await this.#deleted(plan, done)
    }
  }

  async #answer(plan: SyncPlan): Promise<PlanSummary> {
    const { client, clock, timeoutMs } = this.#means
    const { namespace, name = '' } = plan.metadata
    const call = { method: 'GET', path: pathOf(kind, namespace, name) } as const
    const beganMs = clock.now()
    for (;;) {
      const answer = await client.json(call, this.#signal).catch((error: unknown) => {
        this.#signal.throwIfAborted()
        if (isMissing(error, name)) throw refused('Vanished', `the SyncPlan ${name} was deleted`)
        throw refusalOf(error, namespaceOf(plan))
      })
      const now = resourceIn<SyncPlan>(kind, { namespace, name }, answer)
      const summary = summaryIn(now)
      if (summary !== undefined) return summary
      const waitedMs = clock.now() - beganMs
      const seen = now.status?.conditions !== undefined
      if (!seen && waitedMs >= Math.min(unseenMs, timeoutMs)) throw unseen(namespaceOf(plan))
      if (waitedMs >= timeoutMs) throw late(plan.spec.syncGroup.name, timeoutMs)
      await clock.sleep(lookMs, this.#signal)
    }
  }

  // Also after an interruption, so it has a time limit of its own.
  async #deleted({ metadata: { namespace, name } }: SyncPlan, certain: boolean): Promise<void> {
    const { client, note } = this.#means
    const path = pathOf(kind, namespace, name)
    try {
      await client.json({ method: 'DELETE', path }, AbortSignal.timeout(deleteMs))
    } catch {
      if (certain)
        note(`the SyncPlan ${namespace}/${name} is not deleted: the controller does so in ${ttl}`)
    }
  }
}

function unseen(namespace: string): SyncError {
  return refused(
    'NotAnswered',
    `no controller has looked at the SyncPlan in ${namespace}: check that the controller runs, is of this version, watches the namespace, and has the rights of its chart; or other SyncPlans of the namespace wait (kubectl get syncplans -n ${namespace})`,
  )
}

function late(group: string, timeoutMs: number): SyncError {
  const message = `the plan of ${group} is not there after ${timeoutMs / 1000}s: raise --timeout, or see the log of the controller`
  return refused('NotAnswered', message)
}

// Why the API server does not create or show a SyncPlan, with the next thing to do.
function refusalOf(error: unknown, namespace: string): SyncError {
  if (!(error instanceof ApiError)) return asSyncError(error)
  const { status, message, named } = error
  if (status === 401)
    return refused('ApiUnauthorized', 'the API server refuses the credentials of the kubeconfig')
  if (status === 403 && message.includes('exceeded quota'))
    return refused(
      'ApiForbidden',
      `${namespace} may have no further SyncPlan now: wait until others are answered, or raise its ResourceQuota (${message})`,
    )
  if (status === 403)
    return refused(
      'ApiForbidden',
      `the account may not create, get and delete SyncPlans in ${namespace}: give it the ClusterRole edit, or the Role of examples/gitops/review/rbac.yaml (${message})`,
    )
  if (status === 404 && named === namespace)
    return refused(
      'ApiNotFound',
      `there is no namespace ${namespace}: create it, or name one with -n`,
    )
  if (status === 404)
    return refused(
      'ApiNotFound',
      'the cluster has no SyncPlans: install the resource definitions of this version, and its controller',
    )
  if (status === 400 || status === 422)
    return refused(
      'ApiInvalid',
      `the cluster refuses the group, perhaps because its resource definitions are of another version: ${message}`,
    )
  return asSyncError(error)
}
