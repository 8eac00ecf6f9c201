// How stored resources are judged, as run.ts has it.
import type { Judge } from '../../controller/kube/sound.ts'
import { judgeOf } from '../../controller/validation/schemas.ts'

/** By our own definitions. */
export const judge: Judge = (kind, resource) => judgeOf(kind)(resource)
