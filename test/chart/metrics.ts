// The metrics that the controller has, and what an expression says of them. Rules and dashboards are read without
// Prometheus, so this checks names, labels and brackets, not what an expression computes.

/** Each metric with its labels; histograms without their suffixes. */
export const metrics: Readonly<Record<string, readonly string[]>> = {
  controller_runtime_reconcile_total: ['controller', 'result'],
  controller_runtime_reconcile_errors_total: ['controller'],
  controller_runtime_reconcile_time_seconds: ['controller'],
  controller_runtime_active_workers: ['controller'],
  controller_runtime_max_concurrent_reconciles: ['controller'],
  workqueue_depth: ['name', 'controller'],
  workqueue_adds_total: ['name', 'controller'],
  workqueue_queue_duration_seconds: ['name', 'controller'],
  workqueue_work_duration_seconds: ['name', 'controller'],
  workqueue_retries_total: ['name', 'controller'],
  workqueue_unfinished_work_seconds: ['name', 'controller'],
  workqueue_longest_running_processor_seconds: ['name', 'controller'],
  rest_client_requests_total: ['code', 'host', 'method'],
  leader_election_master_status: ['name'],
  exsync_group_items: ['namespace', 'name'],
  exsync_group_members: ['namespace', 'name', 'state'],
  exsync_group_conflicts_total: ['namespace', 'name'],
  exsync_group_copies_total: ['namespace', 'name', 'change'],
  exsync_group_lag_seconds: ['namespace', 'name'],
  exsync_group_guarded: ['namespace', 'name'],
  exsync_group_suspended: ['namespace', 'name'],
  exsync_group_pass_duration_seconds: ['namespace', 'name'],
  exsync_resource_condition: ['kind', 'namespace', 'name', 'type', 'status'],
  exsync_group_progress_planned: ['namespace', 'name'],
  exsync_group_progress_done: ['namespace', 'name'],
  exsync_group_progress_estimated_end_timestamp_seconds: ['namespace', 'name'],
  exsync_group_progress_copies_total: ['namespace', 'name'],
  exsync_ews_requests_total: ['server', 'operation', 'result'],
  exsync_ews_request_duration_seconds: ['server', 'operation'],
  exsync_server_back_off_seconds: ['namespace', 'name'],
  exsync_server_suspended: ['namespace', 'name'],
  exsync_queue_waiting: ['controller', 'namespace', 'for'],
  exsync_queue_places: ['controller', 'place'],
  exsync_state_bytes: ['part'],
  exsync_state_limit_bytes: ['part'],
  exsync_build_info: ['version'],
}

/** Histograms: they are asked for by their buckets, sums and counts. */
const histograms = new Set([
  'controller_runtime_reconcile_time_seconds',
  'workqueue_queue_duration_seconds',
  'workqueue_work_duration_seconds',
  'exsync_group_pass_duration_seconds',
  'exsync_ews_request_duration_seconds',
])

/** Labels that Prometheus adds to every series, from where it found the target. */
const ofTarget = ['service', 'pod', 'job', 'instance', 'container', 'endpoint']

const pairs: Readonly<Record<string, string>> = { ')': '(', '}': '{', ']': '[' }

/** What is wrong with an expression of PromQL; empty when nothing is. */
export function faultsOf(expression: string): readonly string[] {
  // What is in quotes may hold anything, and no brackets that count.
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"/g, '""')
  if (/["'`]/.test(bare.replaceAll('""', ''))) return ['a quote is not closed']
  const open: string[] = []
  for (const sign of bare.match(/[(){}[\]]/g) ?? []) {
    const opening = pairs[sign]
    if (opening === undefined) open.push(sign)
    else if (open.pop() !== opening) return [`${sign} closes nothing`]
  }
  if (open.length > 0) return [`${open.join(' ')} is not closed`]
  const used = [...bare.matchAll(/\b([a-z]+(?:_[a-z]+)+)\b(?:\s*\{([^}]*)\})?/g)].filter(
    ([, name = '']) => !isFunction(name, bare),
  )
  const named = used.filter(([, name = '']) => !isLabel(name, bare))
  if (named.length === 0) return ['names no metric']
  const known = new Set(ofTarget)
  const wrong = named.flatMap(([, name = '', matchers = '']) => {
    const base = name.replace(/_(bucket|sum|count)$/, '')
    const metric = histograms.has(base) ? base : name
    const labels = metrics[metric]
    if (labels === undefined) return [`${name} is no metric of ours`]
    if (histograms.has(name)) return [`${name} is a histogram: ask for its _bucket, _sum or _count`]
    if (metric !== name) known.add('le')
    for (const label of labels) known.add(label)
    return [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)]
      .map(([, label = '']) => label)
      .filter((label) => !labels.includes(label) && !ofTarget.includes(label))
      .map((label) => `${name} has no label ${label}`)
  })
  const grouped = [...bare.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(
    ([, list = '']) => list.split(',').map((label) => label.trim()),
  )
  return [...wrong, ...grouped.filter((label) => !known.has(label)).map((each) => `label ${each}?`)]
}

function isFunction(name: string, expression: string): boolean {
  return new RegExp(`\\b${name}\\s*\\(`).test(expression)
}

function isLabel(name: string, expression: string): boolean {
  return new RegExp(`[{,]\\s*${name}\\s*[=!]`).test(expression)
}
