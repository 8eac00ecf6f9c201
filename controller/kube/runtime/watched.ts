// Starts a reflector that runs until it is ended.
import { Reflector, type ReflectorOptions } from './reflector.ts'
import type { KubeObject } from './resource.ts'

/** A reflector that runs until it is ended. */
export type Watched<Kept extends KubeObject> = Readonly<{
  reflector: Reflector<Kept>
  end: AbortController
}>

/** Starts a reflector that runs until either signal aborts. `changed` is also called after the first complete list. */
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
