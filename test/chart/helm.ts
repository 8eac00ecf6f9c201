// Runs Helm on the chart. The binary is beside the API server's, in the folder that KUBEBUILDER_ASSETS names.
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ended, ended, program } from '../support/program.ts'

/** The folder of the chart. */
export const chart = fileURLToPath(
  new URL('../../charts/exchange-sync-controller', import.meta.url),
)

/** The release that the tests render. */
export const release = { name: 'exsync', namespace: 'exchange-sync' } as const

/** The values files that every change of the chart is tried with, by their paths. */
export const ciFiles = readdirSync(join(chart, 'ci')).map((name) => join(chart, 'ci', name))

/** Runs Helm; `values` go to it by standard input, for `--values -`. */
export function helm(args: readonly string[], values: unknown = {}): Promise<Ended> {
  // What is in the home of whoever runs the tests must not matter.
  const env = { PATH: process.env.PATH, HOME: join(tmpdir(), 'exsync-helm') }
  return ended(program('helm'), args, env, JSON.stringify(values))
}

/** Renders the chart; answers also when Helm refuses. */
export function template(values: unknown, ...more: readonly string[]): Promise<Ended> {
  return helm(
    ['template', release.name, chart, '-n', release.namespace, '--values', '-', ...more],
    values,
  )
}
