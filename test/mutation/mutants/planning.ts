// Plans of proposed groups: what they may ask of a server, what counts in them, and what their status may hold.
import { mutantsOf } from '../mutant.ts'

export const planning = [
  ...mutantsOf('controller/sync/planning.ts', [
    [
      'plan-tries-a-server',
      'a plan asks only servers whose circuit is closed',
      `return servers.state(key) === 'closed' ? undefined : (servers.errorOf(key) ?? untried)`,
      `return servers.errorOf(key)`,
    ],
    [
      'plan-tries-a-password-again',
      'a sign-in that is refused during a plan opens the circuit',
      `servers.record(key, refused)`,
      `servers.cancel(key)`,
    ],
    [
      'plan-delays-passes',
      'requests of a plan run behind those of passes',
      `.replicas(declared, signal, behindPasses, resting)`,
      `.replicas(declared, signal, undefined, resting)`,
    ],
    [
      'plan-is-approved',
      'approvals of a server do not count in a plan',
      `return [name, { ...each, server: { ...each.server, metadata } }] as const`,
      `return [name, each] as const`,
    ],
  ]),
  ...mutantsOf('controller/ews/semaphore.ts', [
    [
      'plan-takes-all-places',
      'plans have a quarter of the places of a server',
      `new Semaphore(Math.max(1, Math.floor(all / 4)))`,
      `new Semaphore(all)`,
    ],
    [
      'plan-holds-a-mailbox',
      'a plan begins a request only while no pass waits for the mailbox',
      `if (!this.#all.room || !semaphore.room) return false`,
      `if (!this.#all.room) return false`,
    ],
  ]),
  ...mutantsOf('controller/ews/connections.ts', [
    [
      'plan-delays-other-servers',
      'a plan is behind at the servers of members, too',
      `return server === hub || pace?.behind ? pace : undefined`,
      `return server === hub ? pace : undefined`,
    ],
  ]),
  ...mutantsOf('controller/core/rows.ts', [
    [
      'plan-makes-all-rows',
      'a plan above its ceiling is refused before its rows take memory',
      `demandSize(rules, { actions: creates, cells: rows.length * rules.roles.length })`,
      `demandSize(rules, { actions: Math.min(0, creates) })`,
    ],
  ]),
  ...mutantsOf('controller/core/plan-size.ts', [
    [
      'plan-has-no-ceiling',
      'a plan above its ceiling is refused',
      `if (actions <= actionsMax && cells`,
      `if (cells`,
    ],
  ]),
  ...mutantsOf('controller/api/sync-plan.ts', [
    [
      'plan-continues-an-ending-group',
      'a group that is being deleted is not continued',
      `const before = deletionTimestamp === undefined ? existing?.metadata : undefined`,
      `const before = existing?.metadata`,
    ],
    [
      'plan-ends-every-controller',
      'a plan that two controllers began and did not answer is not tried again',
      `return planned.reason === 'PlanInterrupted' ? 'none' : 'again'`,
      `return 'again'`,
    ],
    [
      'plan-waited-is-begun',
      'a plan that only waited for passes was not begun',
      `if (planned?.status !== 'Unknown' || planned.reason === 'PassesFirst') return 'first'`,
      `if (planned?.status !== 'Unknown') return 'first'`,
    ],
    [
      'plan-says-why',
      'a status that any may read who may enter any host hides why a server cannot be reached',
      `const error = discreet ? discreetError(result.error) : result.error`,
      `const error = result.error`,
    ],
  ]),
]
