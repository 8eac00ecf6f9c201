// Work in portions, on all processors: each thread runs the same module, and takes portions until there are none.
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

/**
 * Hands the choices out to threads of the module at the URL, which answers each message with one outcome, and tells
 * every outcome. Rejects when a thread ends by an error.
 */
export async function spread<Choice, Outcome>(
  module: URL,
  choices: readonly Choice[],
  told: (outcome: Outcome) => void,
): Promise<void> {
  const left = [...choices]
  const work = async (): Promise<void> => {
    const worker = new Worker(module)
    try {
      for (let choice = left.shift(); choice !== undefined; choice = left.shift()) {
        worker.postMessage(choice)
        const [outcome] = (await once(worker, 'message')) as [Outcome]
        told(outcome)
      }
    } finally {
      await worker.terminate()
    }
  }
  await Promise.all(
    Array.from({ length: Math.min(availableParallelism(), choices.length) }, () => work()),
  )
}
