// A run of the program that signs in, and is refused at its end; and all that it wrote meanwhile.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Exchange } from '../exchange/exchange.ts'
import { freePort } from '../support/port.ts'
import { type Place, type Resource, until } from './support.ts'

/** The parts that differ between the ways of signing in. */
export type SignInRun = Readonly<{
  /** What is declared for the sign-in to be refused. */
  wrong: readonly Resource[]
  /** Called with the program's process while the group is Ready. */
  meanwhile?: (pid: number) => void
  /** Awaited with it when the sign-in is refused. */
  refused?: (pid: number) => Promise<void>
}>

/**
 * Output, log at its most talkative, status, metrics and every file of the state, as one text. The group has one member,
 * anna@corp.example, who gets three contacts. Closes the Exchange.
 */
export async function writtenBy(place: Place, exchange: Exchange, run: SignInRun): Promise<string> {
  const port = await freePort()
  const metrics = ['--metrics-bind-address', `127.0.0.1:${port}`]
  const running = place.start('run', '--log-level', 'trace', ...metrics)
  const reason = () => place.status('company-contacts')?.conditions?.[0]?.reason
  const written: string[] = []
  const { pid = 0 } = running.child
  try {
    await until('the group is Ready', () => reason() === 'Succeeded')
    const contacts = exchange.store.mailbox('anna@corp.example').folder('Contacts/Contacts')
    expect(contacts.items()).toHaveLength(3)
    run.meanwhile?.(pid)
    place.declare(run.wrong)
    await until('the sign-in is refused', () => reason() === 'AuthenticationFailed')
    written.push(place.statusText('company-contacts'))
    written.push(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text())
    await run.refused?.(pid)
  } finally {
    running.child.kill('SIGTERM')
    const { stdout, stderr } = await running.ended
    written.push(stdout, stderr)
    await exchange.close()
  }
  const all = [...written, ...filesIn(place.state)].join('\n')
  expect(all).toContain('AuthenticationFailed')
  return all
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), 'latin1'))
}
