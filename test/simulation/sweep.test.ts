// Death at every moment: for each request of a story it dies before its effect, dies after it, or only
// the reply is lost; for each transaction it dies before or after. Then the next process, on the same
// state, must come to the same end. No chance is taken: the whole list, every time.
import { describe, expect, test } from 'vitest'
import { died, type Fate, Life, type Watch } from './life.ts'
import { type Office, openOffice } from './office.ts'
import { namesInHub, settle, unequal, unquiet } from './settled.ts'
import { handsOf, type Story, stories } from './stories.ts'
import { Witness, wrongForm } from './witness.ts'

/** What happens, and when. */
type Moment = Readonly<
  | { of: 'request'; n: number; what: 'die before' | 'die after' | 'lose the reply' }
  | { of: 'commit'; n: number; what: 'before' | 'after' }
>

/** Passes within which all is well again. */
const enough = 3

describe.each(stories)('$name', (story) => {
  test('whatever moment it dies at, the end is the same', async () => {
    const { requests, commits } = await lived(story, undefined)
    const moments: readonly Moment[] = [
      ...count(requests).flatMap((n) =>
        (['die before', 'die after', 'lose the reply'] as const).map(
          (what) => ({ of: 'request', n, what }) as const,
        ),
      ),
      ...count(commits).flatMap((n) =>
        (['before', 'after'] as const).map((what) => ({ of: 'commit', n, what }) as const),
      ),
    ]
    expect(moments).toHaveLength(3 * requests + 2 * commits)
    // A pass that looks at four folders and writes something down takes at least these.
    expect(requests).toBeGreaterThan(10)
    expect(commits).toBeGreaterThan(3)
    const failed: unknown[] = []
    for (const moment of moments) {
      const { reached, findings } = await lived(story, moment)
      if (!reached) findings.push('it was not reached')
      if (findings.length > 0) failed.push({ ...moment, findings: [...new Set(findings)] })
    }
    expect(failed).toEqual([])
  }, 120_000)
})

const count = (to: number) => Array.from({ length: to }, (_, n) => n + 1)

async function lived(story: Story, moment: Moment | undefined) {
  const office = await openOffice(story.plan)
  const witness = new Witness(office)
  witness.found(JSON.stringify(story.plan))
  const findings: string[] = []
  if (story.act !== undefined) {
    await settle(office, new Life(office, seenBy(witness, findings)), 2)
    story.act(handsOf(office, witness))
    office.clock.advance(61_000)
  }
  let reached = false
  const life = new Life(office, {
    ...seenBy(witness, findings),
    request: ({ n, operation, body }) => {
      findings.push(...wrongForm(operation, body))
      if (moment?.of !== 'request' || moment.n !== n) return undefined
      reached = true
      return fates[moment.what]
    },
    commit: (n) => {
      if (moment?.of !== 'commit' || moment.n !== n) return undefined
      reached = true
      return moment.what
    },
  })
  const done = await life.passes()
  const { requests, commits } = life
  if (moment === undefined) expect(done).not.toBe(died)
  office.clock.advance(61_000)
  await ended(office, story, witness, findings)
  if (moment === undefined) expect(findings).toEqual([])
  return { requests, commits, reached, findings }
}

const fates: Readonly<Record<string, Fate>> = {
  'die before': { kind: 'die', when: 'before' },
  'die after': { kind: 'die', when: 'after' },
  'lose the reply': { kind: 'fault', fault: { kind: 'drop', when: 'after' } },
}

// The next process, and what must be so when it is done.
async function ended(
  office: Office,
  story: Story,
  witness: Witness,
  findings: string[],
): Promise<void> {
  const next = new Life(office, seenBy(witness, findings))
  await settle(office, next, enough)
  findings.push(...unequal(office), ...(await unquiet(office, next)))
  const names = [...namesInHub(office)].flatMap(([name, times]) => Array(times).fill(name))
  if (names.sort().join() !== [...story.ends].sort().join())
    findings.push(`the hub holds ${names.join(', ')}`)
}

// Nothing may be lost or leaked at any moment, not only in the end.
function seenBy(witness: Witness, findings: string[]): Watch {
  const look = () => void findings.push(...witness.wrong())
  return {
    answered: look,
    committed: () => {
      witness.binned()
      look()
    },
  }
}
