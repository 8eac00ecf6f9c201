// What people and servers get wrong: the world in which they do, and one case each with the reason and the
// advice that the status must show.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../exchange/exchange.ts'
import type { World } from '../exchange/world.ts'
import type { Resource } from './support.ts'

export const account = 'sync@corp.example'
export const password = 'correct-horse-81'
const wrongPassword = 'wrong-battery-93'
export const contact = {
  GivenName: 'Zdzisława',
  Surname: 'Brzęczek',
  MobilePhone: '+48 600 700 811',
}
const own = { GivenName: 'Grzegorz', Surname: 'Chrząszcz', MobilePhone: '+48 600 700 822' }
/** What nobody may ever read in a log or a status. */
export const secrets = [password, wrongPassword, ...[contact, own].flatMap(Object.values)]

export const anna = { mailbox: 'anna@corp.example' }
export const jan = { mailbox: 'jan@corp.example' }

export const worldWith = (
  level: 'Reviewer' | 'PublishingEditor',
  impersonates: World['users'][0]['impersonates'],
): World => ({
  domain: 'corp.example',
  users: [
    { mailbox: account, password, ...(impersonates === undefined ? {} : { impersonates }) },
    {
      ...anna,
      password,
      folders: { 'Contacts/Contacts': [own], Notes: { class: 'IPF.StickyNote' } },
    },
    { ...jan, password },
  ],
  publicFolders: [
    { path: '/Company/Contacts', permissions: { [account]: level }, contacts: [contact] },
    { path: '/Company/Mail', class: 'IPF.Note', permissions: { [account]: 'PublishingEditor' } },
  ],
})
export const good = worldWith('PublishingEditor', 'all')

/** What a case may do otherwise than a good declaration on a good server. */
export type Case = Readonly<{
  title: string
  world?: World
  /** Another URL than the server's. */
  url?: string | ((exchange: Exchange) => string)
  /** What answers there instead of an Exchange: status and body. */
  answers?: readonly [number, string]
  username?: string
  password?: string
  /** The Secret's name; the ExchangeServer names `account`. */
  secret?: string
  server?: Resource
  more?: readonly Resource[]
  members?: readonly Resource[]
  spec?: Resource
  reason: string
  message: RegExp
  /** This member is bad, and jan is served nevertheless. */
  bad?: string
}>

export const cases: readonly Case[] = [
  {
    title: 'a wrong password',
    password: wrongPassword,
    reason: 'AuthenticationFailed',
    message: /correct them in the Secret of spec\.auth\.secretRef/,
  },
  {
    title: 'an unknown user',
    username: 'nobody@corp.example',
    reason: 'AuthenticationFailed',
    message: /user name or password: correct them in the Secret/,
  },
  {
    title: 'an unknown host',
    url: 'https://no-such-host.invalid/EWS/Exchange.asmx',
    reason: 'HostNotFound',
    message:
      /the name no-such-host\.invalid.* cannot be resolved: check spec\.url and the DNS server/,
  },
  {
    title: 'nothing listens at the port',
    url: await vacant(),
    reason: 'ConnectionRefused',
    message: /nothing answers at 127\.0\.0\.1:\d+: check spec\.url, the server and the firewall/,
  },
  {
    title: 'a hub path that does not exist',
    spec: { hub: { publicFolder: '/Company/Kontakty/Sprzedaż' } },
    reason: 'HubNotFound',
    message:
      /no public folder \/Company\/Kontakty\/Sprzedaż: the nearest existing one is \/Company; it holds "Contacts"/,
  },
  {
    title: 'a hub that the account may not see',
    world: { ...good, publicFolders: [{ path: '/Company/Contacts', contacts: [contact] }] },
    reason: 'HubNotFound',
    message: /Correct spec\.hub\.publicFolder, or the account’s permissions/,
  },
  {
    title: 'a hub of another class',
    spec: { hub: { publicFolder: '/Company/Mail' } },
    reason: 'WrongFolderClass',
    message: /of class IPF\.Note, not IPF\.Contact: name another folder/,
  },
  {
    title: 'no right to write in the hub of a two-way group',
    world: worldWith('Reviewer', 'all'),
    reason: 'NoRightToWrite',
    message: /grant it PublishingEditor, or, for a hub, set all members to direction: OneWay/,
  },
  {
    title: 'a mailbox that does not exist',
    members: [{ mailbox: 'ghost@corp.example' }, jan],
    bad: 'ghost@corp.example',
    reason: 'NonExistentMailbox',
    message: /no such mailbox: correct the address, or remove the member/,
  },
  {
    title: 'a member’s folder that the server does not allow',
    members: [{ ...anna, folder: 'Contacts' }, jan],
    bad: anna.mailbox,
    reason: 'NotAllowed',
    message: /the folder Contacts is not in spec\.allowed\.folders of the ExchangeServer corp/,
  },
  {
    title: 'private items where the server does not allow them',
    spec: { private: 'Copy' },
    reason: 'NotAllowed',
    message: /set it there, or spec\.private to Skip/,
  },
  {
    title: 'a member’s folder of another class',
    server: { allowed: { folders: ['*'] } },
    members: [{ ...anna, folder: 'Notes' }, jan],
    bad: anna.mailbox,
    reason: 'WrongFolderClass',
    message: /of class IPF\.StickyNote, not IPF\.Contact: name another folder/,
  },
  {
    title: 'no right to act for a member',
    world: worldWith('PublishingEditor', [jan.mailbox]),
    bad: anna.mailbox,
    reason: 'ImpersonateUserDenied',
    message: /grant it the ApplicationImpersonation role/,
  },
  {
    title: 'a web page instead of EWS',
    answers: [200, '<!DOCTYPE html><html><body><p>Sign in<br></body></html>'],
    reason: 'NotEws',
    message: /web page instead of EWS: check that spec\.url ends in \/EWS\/Exchange\.asmx/,
  },
  {
    title: 'a web page that says 404',
    answers: [404, '<!DOCTYPE html><html><body>Not Found</body></html>'],
    reason: 'EwsNotFound',
    message: /no EWS at this URL: correct spec\.url, which usually ends in \/EWS\/Exchange\.asmx/,
  },
  {
    title: 'an empty answer with 500',
    answers: [500, ''],
    reason: 'HttpError',
    message: /the server answered HTTP 500; the controller tries again/,
  },
  {
    title: 'an empty answer with 200',
    answers: [200, ''],
    reason: 'NotEws',
    message: /check that spec\.url ends in \/EWS\/Exchange\.asmx/,
  },
  {
    title: 'a URL with another path',
    url: ({ url }) => url.replace('/EWS/Exchange.asmx', '/owa'),
    reason: 'EwsNotFound',
    message: /which usually ends in \/EWS\/Exchange\.asmx/,
  },
  {
    title: 'NTLM, which the server does not offer',
    server: { auth: { type: 'NTLM', secretRef: { name: 'account' } } },
    reason: 'AuthenticationFailed',
    message:
      /does not offer NTLM or Negotiate for spec\.auth\.type NTLM, only Basic: set spec\.auth\.type to Basic, or enable it at the server with .* -WindowsAuthentication \$true/,
  },
  {
    title: 'a missing Secret',
    secret: 'other',
    reason: 'SecretNotFound',
    message: /the Secret account .* is missing: create it, or correct spec\.auth\.secretRef/,
  },
  {
    title: 'a password with a line break at its end',
    password: `${password}\n`,
    reason: 'InvalidSecret',
    message:
      /the key password of the Secret account ends with a line feed \(U\+000A\): write it without/,
  },
  {
    title: 'a password with a byte order mark',
    password: `\ufeff${password}`,
    reason: 'InvalidSecret',
    message: /the Secret account begins with a byte order mark \(U\+FEFF\)/,
  },
  {
    title: 'a missing Secret for the authority',
    url: ({ url }) => url.replace('http:', 'https:'),
    server: { tls: { caSecretRef: { name: 'corp-ca', key: 'ca.crt' } } },
    reason: 'SecretNotFound',
    message: /the Secret corp-ca with the key ca\.crt is missing: create it, or correct spec\.tls/,
  },
  {
    title: 'https where http is spoken',
    url: ({ url }) => url.replace('http:', 'https:'),
    reason: 'TlsFailed',
    message:
      /has no TLS version or cipher in common with the controller .*: check the scheme and the port of spec\.url/,
  },
  {
    title: 'a Secret without a certificate for the authority',
    url: ({ url }) => url.replace('http:', 'https:'),
    server: { tls: { caSecretRef: { name: 'corp-ca', key: 'ca.crt' } } },
    more: [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'corp-ca', namespace: 'sales' },
        stringData: { 'ca.crt': 'none' },
      },
    ],
    reason: 'InvalidCertificate',
    message: /Secret corp-ca, key ca\.crt holds no certificate in PEM format: put the certificate/,
  },
  {
    title: 'an ExchangeServer that is not valid',
    server: { limits: { concurrency: 0 } },
    reason: 'InvalidServer',
    message: /ExchangeServer corp is not valid: .*spec\.limits\.concurrency: /,
  },
  {
    title: 'a SyncGroup that was never valid',
    spec: { interval: 'soon' },
    reason: 'InvalidSpec',
    message: /spec\.interval: /,
  },
  {
    title: 'an ExchangeServer that is not there',
    spec: { serverRef: { name: 'cropped' } },
    reason: 'ServerNotFound',
    message:
      /the ExchangeServer cropped does not exist in the namespace: create it, or correct spec\.serverRef/,
  },
]

/** A server that is no Exchange: it answers the same to everything. */
export async function answering(status: number, body: string) {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(status, body === '' ? {} : { 'content-type': 'text/html' }).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}/EWS/Exchange.asmx`, close }
}

/** A URL at which nothing listens any more. */
async function vacant(): Promise<string> {
  const { url, close } = await answering(200, '')
  await close()
  return url
}
