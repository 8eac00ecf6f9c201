// Runs kubectl for what the API server streams: a command in a pod, and its log. kubectl brings the person's authentication, and
// their terminal. Arguments are handed over as a list, never through a shell.
import { spawn } from 'node:child_process'
import type { Config } from '../../config.ts'
import { codeIn, SyncError } from '../../core/sync-error.ts'

/** The exit code of a program that a signal ended, as shells have it. */
const signalledCode = 130

/** The output of a program, and how it ended. `cut`: it printed more than was taken. */
export type Printed = Readonly<{ code: number; stdout: string; stderr: string; cut: boolean }>

/**
 * Runs kubectl with the person's streams and answers its exit code. With a terminal, standard input is passed on; else it is
 * closed. Asks it to end when the signal aborts. Rejects with a terminal SyncError KubectlMissing.
 */
export function attached(
  args: readonly string[],
  terminal: boolean,
  stop: AbortSignal,
): Promise<number> {
  const stdin = terminal ? 'inherit' : 'ignore'
  const child = spawn('kubectl', args, { stdio: [stdin, 'inherit', 'inherit'] })
  stop.addEventListener('abort', () => child.kill(), { once: true })
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(notRun(error)))
    child.once('close', (code) => resolve(code ?? signalledCode))
  })
}

/**
 * Runs kubectl and answers what it printed, at most `bytesMax` bytes of it: the last ones. Ends it when the signal aborts, and
 * rejects with its reason.
 */
export function captured(
  args: readonly string[],
  bytesMax: number,
  signal: AbortSignal,
): Promise<Printed> {
  const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
  const [out, err] = [new Tail(bytesMax), new Tail(bytesMax)]
  child.stdout.on('data', (chunk: Buffer) => out.add(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.add(chunk))
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(signal.aborted ? signal.reason : notRun(error)))
    child.once('close', (code) => {
      const printed = { stdout: out.text, stderr: err.text, cut: out.cut }
      resolve({ code: code ?? signalledCode, ...printed })
    })
  })
}

/** The flags that make kubectl use the same cluster. */
export function clusterFlagsOf({ kubeconfig, named, context }: Config['cluster']): string[] {
  return [
    ...(named && kubeconfig !== undefined ? [`--kubeconfig=${kubeconfig}`] : []),
    ...(context === undefined ? [] : [`--context=${context}`]),
  ]
}

function notRun(error: Error): SyncError {
  const code = codeIn(error)
  const why = code === 'ENOENT' ? 'is not on the PATH' : `cannot be started (${code})`
  return new SyncError(
    'terminal',
    'KubectlMissing',
    `kubectl ${why}, and this command needs it to reach the pod: install kubectl, and run the command again`,
    { cause: error },
  )
}

/** The last bytes of a stream. */
class Tail {
  readonly #bytesMax: number
  #chunks: Buffer[] = []
  #bytes = 0
  cut = false

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get text(): string {
    const all = Buffer.concat(this.#chunks)
    return all.subarray(Math.max(0, all.length - this.#bytesMax)).toString('utf8')
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.cut ||= this.#bytes > this.#bytesMax
    while (this.#bytes - (this.#chunks[0]?.length ?? 0) > this.#bytesMax)
      this.#bytes -= this.#chunks.shift()?.length ?? 0
  }
}
