// kube-apiserver, etcd, kubectl, helm, our own judge of health, a kubelet's endpoint, actionlint and a registry for the cluster
// tests: from KUBEBUILDER_ASSETS, else from the cache, else built with Go from the tool modules beside this file, whose go.sum
// pins every line of them.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  symlinkSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const modules = join(import.meta.dirname, 'tools')
const version = 'k8s.io/component-base/version'
const kubernetes = '1.37.2'

/** What is built, from which module and package, with which linker flags. */
const builds = [
  ['kube-apiserver', 'kubernetes', 'k8s.io/kubernetes/cmd/kube-apiserver'],
  ['kubectl', 'kubernetes', 'k8s.io/kubernetes/cmd/kubectl'],
  ['etcd', 'etcd', 'go.etcd.io/etcd/server/v3'],
  ['helm', 'helm', 'helm.sh/helm/v4/cmd/helm'],
  ['health', 'health', 'exchangesync.dev/test/health'],
  ['kubelet', 'kubelet', 'exchangesync.dev/test/kubelet'],
  ['actionlint', 'actionlint', 'github.com/rhysd/actionlint/cmd/actionlint'],
  ['registry', 'registry', 'github.com/google/go-containerregistry/cmd/registry'],
] as const

/** The folder that holds all of them; builds what is missing, which takes minutes once. Throws with what to do when it cannot. */
export function assets(told: (line: string) => void = console.error): string {
  const given = process.env.KUBEBUILDER_ASSETS
  const found = builds.map(([name, module, from]) => {
    const own = given && join(given, name)
    if (own && isProgram(own)) return [name, own] as const
    const cached = join(cacheOf(module), name)
    if (!isProgram(cached)) build(name, module, from, cached, told)
    return [name, cached] as const
  })
  if (given && found.every(([name, path]) => path === join(given, name))) return given
  const folder = mkdtempSync(join(tmpdir(), 'exsync-tools-'))
  for (const [name, path] of found) symlinkSync(path, join(folder, name))
  return folder
}

function build(
  name: string,
  module: string,
  from: string,
  to: string,
  told: (line: string) => void,
) {
  const go = goProgram()
  if (go === undefined) {
    throw new Error(
      `${name} is missing, and Go, which would build it, is not installed: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS to a directory that holds kube-apiserver, etcd, kubectl, helm, health, kubelet, actionlint and registry`,
    )
  }
  told(`Building ${name} with Go, once …`)
  const draft = `${to}.${process.pid}`
  mkdirSync(join(to, '..'), { recursive: true })
  const [major, minor] = kubernetes.split('.')
  const stamps = [
    `${version}.gitVersion=v${kubernetes}`,
    `${version}.gitMajor=${major}`,
    `${version}.gitMinor=${minor}`,
  ]
  const ldflags = ['-s', '-w', ...stamps.flatMap((stamp) => ['-X', stamp])].join(' ')
  const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', draft, from]
  const built = spawnSync(go, args, {
    cwd: join(modules, module),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  })
  if (built.status !== 0) {
    throw new Error(
      `go build of ${name} failed, see above: is the Go module proxy reachable? Otherwise set KUBEBUILDER_ASSETS to a directory that holds it`,
    )
  }
  renameSync(draft, to)
}

// Another go.sum is another program.
function cacheOf(module: string): string {
  const sums = ['go.mod', 'go.sum'].map((file) => readFileSync(join(modules, module, file)))
  const digest = createHash('sha256').update(Buffer.concat(sums)).digest('hex').slice(0, 16)
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  return join(cache, 'exchange-sync-controller', 'cluster-tools', `${module}-${digest}`)
}

function goProgram(): string | undefined {
  const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/go/bin']
  return places.map((place) => join(place, 'go')).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
