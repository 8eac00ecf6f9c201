// Programs of the cluster's (kube-apiserver, etcd, kubectl, helm, …): where they are, and how one ends that is run.
import { execFile } from 'node:child_process'
import { join } from 'node:path'

/** How a program ended. */
export type Ended = Readonly<{ code: number; stdout: string; stderr: string }>

/** The path of a program; setup.ts of the cluster tests has put them all into one folder. */
export function program(
  name: 'etcd' | 'kube-apiserver' | 'kubectl' | 'helm' | 'kubelet' | 'actionlint' | 'registry',
): string {
  const folder = process.env.KUBEBUILDER_ASSETS
  if (folder === undefined) throw new Error('run this by npm run test:cluster')
  return join(folder, name)
}

/** Runs a program to its end, `input` on its standard input; rejects only when it cannot be run. */
export function ended(
  path: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = execFile(path, args, { env, maxBuffer: 2 ** 27 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') resolve({ code, stdout, stderr })
      else reject(error)
    })
    // It may end before it has read everything.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
  })
}
