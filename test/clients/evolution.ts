// evolution-ews as a client: Evolution's data server with its EWS address books, without a desktop. It runs on a session
// bus of its own, out of the directory that its packages were unpacked into, and is driven by evolution_client.py.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { ended } from '../support/program.ts'
import { type Client, type Place, spokenClient } from './client.ts'
import { ANNA, fingerprintOf, type SignIn } from './sign-ins.ts'
import { type Door, folderOf } from './story.ts'

const SERVICES = ['addressbook-factory AddressBook10', 'source-registry Sources5'] as const

/** Starts the data server that lies in a directory, with an address book for each place. */
export async function evolutionClient(
  root: string,
  { exchange, url, signIn }: Door,
): Promise<Client> {
  const home = mkdtempSync(join(tmpdir(), 'exsync-evolution-'))
  const folder = (...names: string[]) => {
    const path = join(home, ...names)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }
  const libexec = join(root, 'usr', 'libexec')
  const services = folder('services')
  for (const [program = '', name = ''] of SERVICES.map((each) => each.split(' '))) {
    const lines = ['[D-BUS Service]', `Name=org.gnome.evolution.dataserver.${name}`]
    const exec = `Exec=${join(libexec, `evolution-${program}`)}`
    writeFileSync(join(services, `${name}.service`), [...lines, exec, ''].join('\n'))
  }
  writeFileSync(join(home, 'bus.conf'), busXml(services))
  const sources = folder('config', 'evolution', 'sources')
  const trust = signIn.tls ? await trustOf(url) : ''
  writeFileSync(join(sources, 'anna.source'), accountOf(url, signIn) + trust)
  for (const place of ['mailbox', 'public folder'] as const) {
    const book = bookOf(place, folderOf(exchange, place).id())
    writeFileSync(join(sources, `${uidOf(place)}.source`), book + trust)
  }
  const env = await environment(root, folder)
  const client = await spokenClient({
    path: 'dbus-run-session',
    args: [
      `--config-file=${join(home, 'bus.conf')}`,
      '--',
      '/usr/bin/python3',
      join(import.meta.dirname, 'evolution_client.py'),
    ],
    env: {
      ...env,
      HOME: home,
      CLIENT: JSON.stringify({
        ...ANNA,
        books: { mailbox: uidOf('mailbox'), 'public folder': uidOf('public folder') },
      }),
    },
  })
  const close = async () => {
    await client.close()
    // Its processes end with the bus, and may still write.
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  return { ...client, close }
}

async function environment(
  root: string,
  folder: (...names: string[]) => string,
): Promise<NodeJS.ProcessEnv> {
  const [arch = ''] = readdirSync(join(root, 'usr', 'lib')).filter((name) =>
    /-linux-gnu/.test(name),
  )
  const libraries = join(root, 'usr', 'lib', arch)
  const server = join(root, 'usr', 'lib', 'evolution-data-server')
  // Of the registry's modules, only its own: the others are about accounts of a desktop.
  const modules = folder('modules')
  const own = 'module-ews-backend.so'
  symlinkSync(join(server, 'registry-modules', own), join(modules, own))
  const schemas = folder('schemas')
  const glib = join('usr', 'lib', arch, 'glib-2.0', 'glib-compile-schemas')
  const compiler = existsSync(join(root, glib)) ? join(root, glib) : join('/', glib)
  const given = join(root, 'usr', 'share', 'glib-2.0', 'schemas')
  const { code, stderr } = await ended(compiler, [`--targetdir=${schemas}`, given], process.env)
  if (code !== 0) throw new Error(stderr)
  return {
    PATH: [join(root, 'usr', 'bin'), process.env.PATH].join(delimiter),
    LD_LIBRARY_PATH: [libraries, server, join(root, 'usr', 'lib', 'evolution-ews')].join(delimiter),
    GI_TYPELIB_PATH: join(libraries, 'girepository-1.0'),
    PYTHONPATH: join(root, 'usr', 'lib', 'python3', 'dist-packages'),
    GIO_EXTRA_MODULES: join(libraries, 'gio', 'modules'),
    GSETTINGS_BACKEND: 'memory',
    GSETTINGS_SCHEMA_DIR: schemas,
    EDS_ADDRESS_BOOK_MODULES: join(server, 'addressbook-backends'),
    EDS_CAMEL_PROVIDER_DIR: join(server, 'camel-providers'),
    EDS_REGISTRY_MODULES: modules,
    EDS_SUBPROCESS_BOOK_PATH: join(root, 'usr', 'libexec'),
    XDG_DATA_DIRS: [join(root, 'usr', 'share'), '/usr/share'].join(delimiter),
    XDG_CONFIG_HOME: folder('config'),
    XDG_CACHE_HOME: folder('cache'),
    XDG_DATA_HOME: folder('data'),
    XDG_RUNTIME_DIR: folder('run'),
  }
}

function busXml(services: string): string {
  return `<busconfig>
<type>session</type><listen>unix:tmpdir=${tmpdir()}</listen><auth>EXTERNAL</auth>
<servicedir>${services}</servicedir>
<policy context="default"><allow send_destination="*"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
`
}

// Each source trusts the certificate by itself.
async function trustOf(url: string): Promise<string> {
  const digest = (await fingerprintOf(url)).replaceAll(':', '').toLowerCase()
  return `
[WebDAV Backend]
SslTrust=accept|${new URL(url).hostname}|${digest}

[Security]
Method=tls
`
}

function accountOf(url: string, { way }: SignIn): string {
  const { hostname, port } = new URL(url)
  return `[Data Source]
DisplayName=Anna
Enabled=true

[Collection]
BackendName=ews
Identity=${ANNA.mailbox}
CalendarEnabled=false
MailEnabled=false

[Authentication]
Host=${hostname}
Port=${port}
User=${ANNA.user}
Method=${way === 'NTLM' ? 'NTLM' : 'plain/password'}

[Ews Backend]
Hosturl=${url}
Email=${ANNA.mailbox}
UseImpersonation=false
`
}

function uidOf(place: Place): string {
  return place === 'mailbox' ? 'anna-mailbox' : 'anna-public'
}

function bookOf(place: Place, id: string): string {
  return `[Data Source]
DisplayName=${place}
Enabled=true
Parent=anna

[Address Book]
BackendName=ews

[Offline]
StaySynchronized=true

[Exchange Web Services Folder]
Id=${id}
Name=Contacts
Public=${place === 'public folder'}
`
}
