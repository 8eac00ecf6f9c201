// A KDC of MIT Kerberos on loopback, with a realm of its own in a folder that goes with it.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../support/port.ts'
import { ended } from '../../support/program.ts'

/** The realm, which is that of the domain corp.example. */
export const REALM = 'CORP.EXAMPLE'

/** A running KDC. */
export type Kdc = Readonly<{
  /** The environment in which programs find this KDC and the libraries. */
  env: Readonly<Record<string, string>>
  /** A command of kadmin.local. Rejects when it fails. */
  admin: (command: string) => Promise<void>
  /** Makes a principal; `flags` are those of addprinc. */
  add: (principal: string, flags?: string) => Promise<void>
  /** Gives a principal another key: the path of a keytab with it, which was not there. */
  keytab: (principal: string) => Promise<string>
  stop: () => Promise<void>
  start: () => Promise<void>
  close: () => Promise<void>
}>

/** Starts a KDC out of an unpacked tree. */
export async function startKdc(root: string): Promise<Kdc> {
  const dir = mkdtempSync(join(tmpdir(), 'exsync-kdc-'))
  const port = await freePort()
  const [arch = ''] = readdirSync(join(root, 'usr', 'lib')).filter((name) => /linux-gnu/.test(name))
  writeFileSync(join(dir, 'krb5.conf'), clientConfig(port))
  writeFileSync(join(dir, 'kdc.conf'), kdcConfig(port, dir, join(root, 'usr', 'lib', arch)))
  const env = {
    KRB5_CONFIG: join(dir, 'krb5.conf'),
    LD_LIBRARY_PATH: ['usr/lib', 'lib'].map((lib) => join(root, lib, arch)).join(':'),
    NODE_PATH: join(root, 'npm', 'node_modules'),
  }
  const own = { ...process.env, ...env, KRB5_KDC_PROFILE: join(dir, 'kdc.conf') }
  const run = async (program: string, args: readonly string[]) => {
    const { code, stdout, stderr } = await ended(join(root, 'usr', 'sbin', program), args, own)
    // kadmin.local says what fails, and ends well.
    const said = stderr.replace(/^(No policy specified|WARNING: no policy).*$/gm, '').trim()
    if (code !== 0 || said !== '') throw new Error(`${program}: ${stdout}${stderr}`)
  }
  const admin = (command: string) => run('kadmin.local', ['-q', command])
  let child: ChildProcess | undefined
  const start = async () => {
    child = spawn(join(root, 'usr', 'sbin', 'krb5kdc'), ['-n'], { env: own, stdio: 'ignore' })
    for (let n = 0; n < 100 && !(await answers(port)); n += 1) await sleep(50)
  }
  const stop = async () => {
    const over = child?.exitCode === null && new Promise((resolve) => child?.once('exit', resolve))
    child?.kill()
    await over
  }
  let keytabs = 0
  await run('kdb5_util', ['create', '-s', '-P', 'master', '-r', REALM])
  await start()
  return {
    env,
    admin,
    add: (principal, flags = '') => admin(`addprinc -randkey ${flags} ${principal}`),
    keytab: async (principal) => {
      keytabs += 1
      const path = join(dir, `${keytabs}.keytab`)
      await admin(`ktadd -k ${path} ${principal}`)
      if (!existsSync(path)) throw new Error(`there is no keytab for ${principal}`)
      return path
    },
    start,
    stop,
    close: async () => {
      await stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** The keys in a keytab of version 2, each at least 16 bytes. */
export function keysIn(path: string): readonly Buffer[] {
  const bytes = readFileSync(path)
  const keys: Buffer[] = []
  for (let at = 2; at < bytes.length; ) {
    const length = bytes.readInt32BE(at)
    const entry = bytes.subarray(at + 4, at + 4 + Math.abs(length))
    at += 4 + Math.abs(length)
    if (length < 0) continue
    let place = 2
    const next = () => {
      const size = entry.readUInt16BE(place)
      place += 2 + size
      return entry.subarray(place - size, place)
    }
    for (let n = entry.readUInt16BE(0); n >= 0; n -= 1) next()
    // The name's type, a time, a short version of the key, and the encryption type.
    place += 4 + 4 + 1 + 2
    keys.push(next())
  }
  return keys
}

function clientConfig(port: number): string {
  return `[libdefaults]
  dns_lookup_kdc = false
  dns_lookup_realm = false
[realms]
  ${REALM} = {
    kdc = 127.0.0.1:${port}
  }
`
}

function kdcConfig(port: number, dir: string, libraries: string): string {
  return `[kdcdefaults]
  kdc_listen = 127.0.0.1:${port}
  kdc_tcp_listen = 127.0.0.1:${port}
[realms]
  ${REALM} = {
    database_module = own
    key_stash_file = ${dir}/stash
    acl_file = ${dir}/acl
  }
[dbdefaults]
  realm = ${REALM}
[dbmodules]
  db_module_dir = ${libraries}/krb5/plugins/kdb
  own = {
    db_library = db2
    database_name = ${dir}/principal
  }
[libdefaults]
  default_realm = ${REALM}
`
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
