// DavMail as a client: its server turns CardDAV and LDAP, which this file speaks, into EWS.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { all, first } from '../exchange/support.ts'
import { readXml } from '../exchange/xml/reader.ts'
import { freePort } from '../support/port.ts'
import type { Card, Client, Place } from './client.ts'
import { ANNA, fingerprintOf } from './sign-ins.ts'
import { PUBLIC_FOLDER } from './story.ts'

/** DavMail's server, running. */
export type DavMail = Client & Readonly<{ ldapPort: number }>

const FOLDERS: Readonly<Record<Place, string>> = {
  mailbox: `users/${ANNA.mailbox}/contacts`,
  'public folder': `public${PUBLIC_FOLDER}`,
}

/** Starts the DavMail that lies in a directory for an Exchange; `settings` are its own. Rejects with its log. */
export async function davMailClient(
  root: string,
  url: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<DavMail> {
  const home = mkdtempSync(join(tmpdir(), 'exsync-davmail-'))
  const [port, ldapPort] = [await freePort(), await freePort()]
  const properties = {
    'davmail.server': 'true',
    'davmail.mode': 'EWS',
    'davmail.url': url,
    'davmail.bindAddress': '127.0.0.1',
    'davmail.caldavPort': String(port),
    'davmail.ldapPort': String(ldapPort),
    'davmail.disableUpdateCheck': 'true',
    'davmail.logFilePath': join(home, 'davmail.log'),
    ...(url.startsWith('https:') && {
      'davmail.server.certificate.hash': await fingerprintOf(url),
    }),
    ...settings,
  }
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(join(home, 'davmail.properties'), lines.join(''))
  const jars = join(root, 'usr', 'share')
  const path = [native(home, root), join(jars, 'davmail', 'davmail.jar'), join(jars, 'java', '*')]
  const args = [`-Duser.home=${home}`, '-XX:TieredStopAtLevel=1', '-cp', path.join(':')]
  const main = ['davmail.DavGateway', '-server', join(home, 'davmail.properties')]
  const child = spawn('java', [...args, ...main], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  for await (const line of createInterface({ input: child.stdout })) {
    log += `${line}\n`
    if (line.includes('listening on')) break
  }
  const close = async () => {
    child.kill()
    await ended
    rmSync(home, { recursive: true, force: true })
  }
  if (!log.includes('listening on')) {
    await close()
    throw new Error(`DavMail ended: ${log}`)
  }
  child.stdout.resume()
  return { ...cardDav(`http://127.0.0.1:${port}`), ldapPort, close }
}

/** The contacts of both places by CardDAV. An id is the name of a contact's file. */
function cardDav(origin: string): Omit<Client, 'close'> {
  const authorization = `Basic ${btoa(`${ANNA.user}:${ANNA.password}`)}`
  const ask = async (method: string, path: string, body?: string, more = {}) => {
    const headers = { authorization, 'content-type': 'text/vcard; charset=utf-8', ...more }
    const asked = { method, headers, ...(body !== undefined && { body }) }
    const response = await fetch(`${origin}/${path}`, asked)
    const text = await response.text()
    if (response.ok || response.status === 404) return { status: response.status, text }
    throw new Error(`${method} is answered with ${response.status}: ${text}`)
  }
  const read = async (place: Place, id: string): Promise<Card | undefined> => {
    const { status, text } = await ask('GET', `${FOLDERS[place]}/${id}`)
    return status === 404 ? undefined : cardOf(text)
  }
  let made = 0
  return {
    read,
    create: async (place, card) => {
      made += 1
      const id = `made-${made}.vcf`
      await ask('PUT', `${FOLDERS[place]}/${id}`, vCard(card, id), { 'if-none-match': '*' })
      return id
    },
    change: async (place, id, card) => {
      await ask('PUT', `${FOLDERS[place]}/${id}`, vCard(card, id))
    },
    delete: async (place, id) => {
      await ask('DELETE', `${FOLDERS[place]}/${id}`)
    },
    list: async (place) => {
      const body = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
      const { text } = await ask('PROPFIND', `${FOLDERS[place]}/`, body, { depth: '1' })
      const hrefs = all(readXml(text), 'response').map((each) => first(each, 'href').text)
      const ids = hrefs
        .filter((href) => href.endsWith('.vcf'))
        .map((href) => href.split('/').at(-1))
      const cards = await Promise.all(ids.map((id) => read(place, id ?? '')))
      return cards.filter((card) => card !== undefined)
    },
    sync: () => Promise.reject(new Error('DavMail lists')),
  }
}

// Java asks its class path for the native part of JNA, which is with Debian in a directory of its own.
function native(home: string, root: string): string {
  const folder = join(
    home,
    'com',
    'sun',
    'jna',
    `linux-${process.arch === 'x64' ? 'x86-64' : 'aarch64'}`,
  )
  mkdirSync(folder, { recursive: true })
  const entries = readdirSync(join(root, 'usr', 'lib'), { recursive: true, encoding: 'utf8' })
  const library = entries.find((entry) => /libjnidispatch.*\.so$/.test(entry))
  if (library === undefined) throw new Error('there is no libjnidispatch')
  symlinkSync(join(root, 'usr', 'lib', library), join(folder, 'libjnidispatch.so'))
  return home
}

const escaped = (text = '') => text.replace(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n')

function vCard(card: Card, uid: string): string {
  const { GivenName, Surname, CompanyName, JobTitle, EmailAddress1, Street, City } = card
  const lines = [
    ['N', `${escaped(Surname)};${escaped(GivenName)};;;`],
    ['FN', escaped([GivenName, Surname].filter(Boolean).join(' '))],
    ['ORG', CompanyName && escaped(CompanyName)],
    ['TITLE', JobTitle && escaped(JobTitle)],
    ['EMAIL;TYPE=work', EmailAddress1 && escaped(EmailAddress1)],
    ['TEL;TYPE=cell', card.MobilePhone && escaped(card.MobilePhone)],
    ['TEL;TYPE=work', card.BusinessPhone && escaped(card.BusinessPhone)],
    ['ADR;TYPE=home', (Street ?? City) && `;;${escaped(Street)};${escaped(City)};;;`],
    ['NOTE', card.Body && escaped(card.Body)],
  ]
  const given = lines.filter(([, value]) => value).map((line) => line.join(':'))
  return ['BEGIN:VCARD', 'VERSION:3.0', `UID:${uid}`, ...given, 'END:VCARD', ''].join('\r\n')
}

function cardOf(text: string): Card {
  const unfolded = text.replaceAll(/\r?\n[ \t]/g, '').split(/\r?\n/)
  const values = new Map(
    unfolded.map((line) => {
      const colon = line.indexOf(':')
      return [
        line.slice(0, colon).replace(';TYPE=', ' ').toLowerCase(),
        partsOf(line.slice(colon + 1)),
      ]
    }),
  )
  const part = (name: string, index = 0) => values.get(name)?.[index]
  const found: Record<keyof Card, string | undefined> = {
    GivenName: part('n', 1),
    Surname: part('n'),
    CompanyName: part('org'),
    JobTitle: part('title'),
    EmailAddress1: part('email work'),
    MobilePhone: part('tel cell'),
    BusinessPhone: part('tel work'),
    Street: part('adr home', 2),
    City: part('adr home', 3),
    Body: part('note'),
  }
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value))
}

// The parts between semicolons, without the backslashes; DavMail writes one that is no escape as it is.
function partsOf(value: string): readonly string[] {
  const parts = value.match(/(?:\\.|[^;\\])*(?:;|$)/g) ?? []
  const plain = (char: string) => (/n/i.test(char) ? '\n' : char)
  return parts.map((part) =>
    part.replace(/;$/, '').replaceAll(/\\([\\;,nN])/g, (_, char: string) => plain(char)),
  )
}
