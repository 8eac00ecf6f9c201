// Order does not matter: the same view in another order makes the same plan.
import type { Observation, Rules } from '../../controller/core/model.ts'
import { planOf } from '../../controller/core/plan.ts'
import { rowsOf, type View } from '../../controller/core/rows.ts'
import { finished } from '../../controller/core/work.ts'

/** Do the rules make another plan of the view when everything in it stands the other way round? */
export function differenceInOrder(rules: Rules, view: View): boolean {
  const roles = [...rules.roles].reverse()
  const observations = new Map(
    [...view.observations].reverse().map(([id, seen]) => [id, backwards(seen)] as const),
  )
  const links = [...view.links].reverse().map((link) => ({
    ...link,
    copies: new Map([...link.copies].reverse()),
  }))
  const planned = (by: Rules, of: View) => drawn(finished(planOf(by, finished(rowsOf(by, of)))))
  const turned = { ...view, observations, links }
  return planned(rules, view) !== planned({ ...rules, roles }, turned)
}

function backwards(seen: Observation): Observation {
  if (seen.state === 'unknown') return seen
  return { ...seen, changed: [...seen.changed].reverse(), gone: [...seen.gone].reverse() }
}

// Maps and sets are what they hold, in no order.
function drawn(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (each instanceof Map) return [...each].map((pair) => JSON.stringify(pair, inner)).sort()
    return each instanceof Set ? [...each].sort() : each
  })
}

function inner(_key: string, each: unknown): unknown {
  if (each instanceof Map) return [...each].map((pair) => JSON.stringify(pair, inner)).sort()
  return each instanceof Set ? [...each].sort() : each
}
