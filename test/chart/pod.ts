// What Pod Security Standard "restricted" asks of a pod, for pods as this chart makes them.
import type { Manifest } from './renderings.ts'

const volumeKinds = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]

/** What a pod's spec does that the standard does not allow; empty when it may run. */
export function notRestricted(spec: Manifest['spec']): readonly string[] {
  const pod = spec.securityContext ?? {}
  const containers = [...(spec.initContainers ?? []), ...spec.containers]
  return [
    ...['hostNetwork', 'hostPID', 'hostIPC'].filter((field) => spec[field]),
    ...(spec.volumes ?? [])
      .filter((volume: object) => !volumeKinds.some((kind) => kind in volume))
      .map((volume: { name: string }) => `volume ${volume.name}`),
    ...(pod.sysctls ? ['sysctls'] : []),
    ...containers.flatMap((container) => {
      const own = container.securityContext ?? {}
      const user = own.runAsUser ?? pod.runAsUser
      const seccomp = (own.seccompProfile ?? pod.seccompProfile)?.type
      const wrong: readonly (readonly [boolean, string])[] = [
        [own.privileged === true, 'privileged'],
        [own.allowPrivilegeEscalation !== false, 'allowPrivilegeEscalation'],
        [(own.runAsNonRoot ?? pod.runAsNonRoot) !== true, 'runAsNonRoot'],
        [user === 0, 'runAsUser'],
        [seccomp !== 'RuntimeDefault' && seccomp !== 'Localhost', 'seccompProfile'],
        [!(own.capabilities?.drop ?? []).includes('ALL'), 'capabilities.drop'],
        [(own.capabilities?.add ?? []).length > 0, 'capabilities.add'],
        [(container.ports ?? []).some((port: object) => 'hostPort' in port), 'hostPort'],
        [own.procMount !== undefined && own.procMount !== 'Default', 'procMount'],
        // Not of the standard, but of ours.
        [own.readOnlyRootFilesystem !== true, 'readOnlyRootFilesystem'],
      ]
      return wrong.filter(([bad]) => bad).map(([, what]) => `${container.name}: ${what}`)
    }),
  ]
}
