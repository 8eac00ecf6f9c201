// A port for a program that is told where to listen.
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below those that a kernel gives to outgoing connections: none of these takes it before the program listens. */
const range = { from: 20_000, to: 32_000 }

/** Those that were given to this process: each is given once. */
const given = new Set<number>()

/** A port of this machine that is free now, and that no other call of this process is given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(range.from, range.to)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
