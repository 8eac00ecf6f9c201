// Who may not send any more does not, wherever the request waits by then. Against a server on a socket.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { SyncError } from '../../controller/core/sync-error.ts'
import { pooledNetwork } from '../../controller/ews/network.ts'

test('a request that waits for a connection is not sent when leadership goes meanwhile', async () => {
  const seen: string[] = []
  const answers: (() => void)[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    answers.push(() => response.end('done'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  let leads = true
  const permit = () => {
    if (!leads) throw new SyncError('transient', 'LeadershipLost', 'another controller leads now')
  }
  const network = pooledNetwork({ concurrency: 1, ca: undefined, permit })
  const { signal } = new AbortController()
  const send = async (path: string) => {
    const url = `http://127.0.0.1:${port}/${path}`
    const { status, discard } = await network.send({ url, headers: {}, body: 'x', signal })
    await discard()
    return status
  }
  const first = send('first')
  await expect.poll(() => seen).toEqual(['/first'])
  const second = send('second')
  leads = false
  answers[0]?.()
  expect(await first).toBe(200)
  await expect(second).rejects.toMatchObject({ code: 'LeadershipLost' })
  await expect(send('third')).rejects.toMatchObject({ code: 'LeadershipLost' })
  leads = true
  const fourth = send('fourth')
  await expect.poll(() => answers.length).toBe(2)
  answers[1]?.()
  expect(await fourth).toBe(200)
  expect(seen).toEqual(['/first', '/fourth'])
  await network.close()
  server.closeAllConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
})
