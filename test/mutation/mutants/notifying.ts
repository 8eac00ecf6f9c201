// Notices to a webhook: what they may contain, and that each change arrives once, and the last one certainly.
import { mutantsOf } from '../mutant.ts'

export const notifying = [
  ...mutantsOf('controller/api/notices.ts', [
    [
      'notice-names-replicas',
      'a notice names no replica',
      `.map(({ reason, count, limit }) => ({ reason: reasonOf(reason), count, limit }))`,
      `.map((each) => each)`,
    ],
    [
      'old-guard-asks',
      'a guard that a failed pass keeps in the figures asks for nothing',
      `const guarded = conditionIn(status, 'Guarded')`,
      `const guarded = conditionIn(status, 'Guarded') ?? { lastTransitionTime: '' }`,
    ],
  ]),
  ...mutantsOf('controller/telemetry/notify.ts', [
    [
      'sent-is-accepted',
      'an attempt without an answer is no delivery',
      `this.#known.set(key, { state, reason, hash, id, time, sure: false })`,
      `this.#known.set(key, { state, reason, hash, id, time, sure: true })`,
    ],
    [
      'older-notice-wins',
      'a failed notice gives way to a newer one about the resource',
      `if (!this.#waiting.has(key)) this.#waiting.set(key, waiting)`,
      `this.#waiting.set(key, waiting)`,
    ],
    [
      'follower-notifies',
      'a process that does not lead sends nothing',
      `if (signal.aborted || !leads()) return`,
      `if (signal.aborted) return`,
    ],
    [
      'sent-at-each-pass',
      'a change is sent once, not at each pass',
      `notice.state === 'Healed' : isSame && known.sure`,
      `notice.state === 'Healed' : false`,
    ],
  ]),
  ...mutantsOf('controller/telemetry/webhook.ts', [
    [
      'signed-without-time',
      'the signature covers the time, so that no old event can be repeated',
      `\`\${id}.\${seconds}.\${body}\``,
      `\`\${id}.\${body}\``,
    ],
  ]),
]
