// docs/without-kubernetes.md and examples/systemd: every command line is one that the program takes, and the unit is one that
// systemd takes, where systemd is there to ask.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DOMParser } from '@xmldom/xmldom'
import { expect, onTestFinished, test } from 'vitest'
import { configOf } from '../../controller/config.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const page = read('docs/without-kubernetes.md')
const unit = read('examples/systemd/exsync.service')
const image = /^ENV .*EXSYNC_STATE=(\S+)/m.exec(read('Dockerfile'))?.[1] ?? ''

/** The values of a setting of the unit, in their order. */
const settings = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value]) => value ?? '')

/** The blocks of the page in a language, each line with what continues it. */
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => (block ?? '').replace(/ \\\n\s*/g, ' ').split('\n'),
  )

test('the unit starts the program on its declarations, its state and its key, and may write nothing else', () => {
  const [command = '', ...args] = (settings('ExecStart')[0] ?? '').split(' ')
  expect(command).toBe('/opt/exsync/bin/exsync')
  expect(page).toContain('npm install --global --prefix /opt/exsync ')
  const config = configOf(args, {})
  expect(config).toMatchObject({
    command: 'run',
    local: '/etc/exsync/declared',
    state: '/var/lib/exsync',
    // systemd has the directory of credentials in the environment.
    keyFile: expect.stringMatching(/^\$\{CREDENTIALS_DIRECTORY\}\/state-key$/),
    once: false,
  })
  expect(settings('LoadCredential')).toEqual(['state-key:/etc/exsync/state-key'])
  expect(settings('StateDirectory')).toEqual(['exsync'])
  expect(settings('ProtectSystem')).toEqual(['strict'])
  expect(settings('ReadWritePaths')).toEqual([])
  // Longer than the passes are given.
  expect(Number.parseInt(settings('TimeoutStopSec')[0] ?? '', 10) * 1000).toBeGreaterThan(
    config.graceMs,
  )
  // The metrics of the unit are for this machine.
  for (const { address } of [config.metrics, config.health])
    expect(address).toMatch(/^127\.0\.0\.1:/)
})

test('systemd takes the unit, and calls it closed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'exsync-unit-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'exsync.service')
  // The command is not installed here.
  writeFileSync(file, unit.replace('/opt/exsync/bin/exsync', process.execPath))
  const analyze = (...args: readonly string[]) =>
    spawnSync('systemd-analyze', [...args, file], { encoding: 'utf8' })
  const { error, status, stderr } = analyze('verify', '--man=no')
  // A machine without systemd has the test above.
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  // Of 10.0, where the least is best.
  expect(analyze('security', '--offline=true', '--threshold=20')).toMatchObject({ status: 0 })
})

test('every command of the page is one that the program takes', () => {
  const commands = blocks('sh')
    .flat()
    .flatMap(
      (line) =>
        /(?:^|\/|exec exsync )exsync ((?:status|bin|doctor|validate|run)\b.*)/.exec(line)?.[1] ??
        [],
    )
    .map((line) => line.replace(/\s+#.*$/, '').split(' '))
  expect(commands.length).toBeGreaterThan(5)
  for (const args of commands) expect(configOf(args, { EXSYNC_STATE: image }).command).toBe(args[0])
})

test('the container reads everything and writes its state', () => {
  const line =
    blocks('sh')
      .flat()
      .find((each) => each.startsWith('docker run ')) ?? ''
  const [before = '', after = ''] = line.split(' IMAGE@sha256:… ')
  const config = configOf(after.split(' '), { EXSYNC_STATE: image })
  expect(config).toMatchObject({ command: 'run', state: image })
  const volumes = [...before.matchAll(/--volume (\S+?):(\S+?)(:ro)?(?= |$)/g)]
  const mounts = new Map(volumes.map(([, , target, only]) => [target, only]))
  expect(mounts).toEqual(
    new Map([
      [image, undefined],
      [config.local, ':ro'],
      [config.keyFile, ':ro'],
    ]),
  )
  for (const flag of ['--read-only', '--tmpfs /tmp', '--cap-drop ALL', 'no-new-privileges'])
    expect(before).toContain(flag)
})

test('the service of Windows is well-formed, and starts the program', () => {
  const [xml = ''] = blocks('xml').map((lines) => lines.join('\n'))
  const service = new DOMParser().parseFromString(xml, 'text/xml')
  const text = service.getElementsByTagName('arguments')[0]?.textContent ?? ''
  const [, program, rest = ''] = /^"([^"]*)" (.*)$/.exec(text) ?? []
  expect(program).toMatch(/\\exsync\.mjs$/)
  expect(configOf(rest.split(' '), {})).toMatchObject({
    command: 'run',
    local: 'C:\\exsync\\declared',
    state: 'C:\\exsync\\state',
    keyFile: 'C:\\exsync\\state-key',
  })
  expect(page).toContain('**This recipe was not tested on Windows**')
})
