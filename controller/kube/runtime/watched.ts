// Copies that are kept for as long as they are wanted.
import { Reflector, type ReflectorOptions } from './reflector.ts'
import type { KubeObject } from './resource.ts'

/** A reflector that runs until it is ended. */
export type Watched<Kept extends KubeObject> = Readonly<{
  reflector: Reflector<Kept>
  end: AbortController
}>

/** Keeps a copy until either signal aborts; `changed` also hears of the first list. */
export function watched<Kept extends KubeObject>(
  options: Omit<ReflectorOptions<Kept>, 'changed' | 'synced'> & Readonly<{ changed: () => void }>,
  signal: AbortSignal,
): Watched<Kept> {
  const { changed, ...rest } = options
  const end = new AbortController()
  const touched = () => changed()
  const reflector = new Reflector<Kept>({ ...rest, changed: touched, synced: touched })
  void reflector.run(AbortSignal.any([signal, end.signal]))
  return { reflector, end }
}
