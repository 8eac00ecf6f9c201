// What the server says of one item, or of a mailbox, instead of doing it; all that it says is true.
import type { Fault } from '../../exchange/http/fault.ts'
import { idsIn } from '../../simulation/witness.ts'
import { faulting, type Mutator, type Scene, writes } from '../mutator.ts'

// biome-ignore format: a list
const codes = [
  'ErrorInternalServerError', 'ErrorItemCorrupt', 'ErrorMimeContentInvalid', 'ErrorPropertyValidationFailure',
  'ErrorItemSave', 'ErrorItemSavePropertyError', 'ErrorCorruptData', 'ErrorContentConversionFailed',
  'ErrorTimeoutExpired', 'ErrorIrresolvableConflict', 'ErrorStaleObject', 'ErrorAccessDenied', 'ErrorQuotaExceeded',
  'ErrorInvalidRequest', 'ErrorObjectTypeChanged', 'ErrorMessageSizeExceeded', 'ErrorNobodyKnowsThisOne',
]
// biome-ignore format: a list
const stopping = [
  'ErrorMailboxStoreUnavailable', 'ErrorADUnavailable', 'ErrorConnectionFailed', 'ErrorQuotaExceeded',
  'ErrorInsufficientResources', 'ErrorMailboxMoveInProgress',
]

const one = (code: string, at: Extract<Fault, { kind: 'code' }>['at']): Fault => ({
  kind: 'code',
  code,
  at,
})

function sizeOf({ body }: Scene): number {
  return Math.max(idsIn(body).length, body.match(/<t:Contact>/g)?.length ?? 0, 1)
}

// One item, the same one each time, that the server cannot show.
function victimIn({ body, notes, chance }: Scene, needs: string): number {
  const ids = idsIn(body)
  const victim = notes.get('victim') ?? chance.of(ids)
  if (victim === undefined) return -1
  notes.set('victim', victim)
  const code = notes.get('code') ?? chance.of(codes.slice(0, 4)) ?? needs
  notes.set('code', code)
  return ids.indexOf(victim)
}

/** All of them. */
export const errors: readonly Mutator[] = [
  {
    name: 'itemError',
    kind: 'damage',
    of: /Item$/,
    apply: faulting((scene) =>
      one(scene.chance.of(codes) ?? '', scene.chance.below(sizeOf(scene))),
    ),
  },
  {
    name: 'writeError',
    kind: 'damage',
    of: writes,
    apply: faulting((scene) =>
      one(scene.chance.of(codes) ?? '', scene.chance.below(sizeOf(scene))),
    ),
  },
  {
    name: 'batchStops',
    kind: 'damage',
    of: /Item$/,
    apply: faulting((scene) =>
      one(scene.chance.of(stopping) ?? '', scene.chance.below(sizeOf(scene))),
    ),
  },
  {
    name: 'wholeError',
    kind: 'damage',
    apply: faulting(({ chance }) =>
      one(chance.of([...codes, ...stopping, 'ErrorServerBusy']) ?? '', 'whole'),
    ),
  },
  {
    name: 'poison',
    kind: 'damage',
    of: /^GetItem$/,
    lasts: true,
    isolated: true,
    apply: faulting((scene) => {
      const at = victimIn(scene, 'ErrorInternalServerError')
      return at < 0 ? undefined : one(scene.notes.get('code') ?? '', at)
    }),
  },
  {
    name: 'poison500',
    kind: 'damage',
    of: /^GetItem$/,
    lasts: true,
    isolated: true,
    apply: faulting((scene) =>
      victimIn(scene, '') < 0 ? undefined : { kind: 'http', status: 500 },
    ),
  },
  {
    name: 'folderError',
    kind: 'damage',
    of: /Folder$/,
    apply: faulting(({ chance }) => {
      // biome-ignore format: a list
      const code = chance.of(['ErrorInternalServerError', 'ErrorAccessDenied', 'ErrorMailboxStoreUnavailable', 'ErrorTimeoutExpired', 'ErrorNobodyKnowsThisOne'])
      return one(code ?? '', 0)
    }),
  },
]
