// Replaces what names people and places: mailboxes, hosts, addresses of machines and folder paths. Equal ones become the same
// pseudonym, by a digest with a key that is kept nowhere, so that one bundle can be followed and two cannot be compared.
//
// Guarantees: a mailbox, a host with a domain, an IP address and credentials of HTTP are found in any text; a folder path where a
// resource declares it, and from then on in any text.
// Caveats: names of resources and namespaces stay. Too much rather than too little is replaced.
import { createHmac } from 'node:crypto'

type Sort = 'mailbox' | 'host' | 'ip' | 'folder'

/** The shortest value that is looked for in free text; the keys of resources are replaced at any length. */
const literalMin = 4
/** The most values that are looked for. */
const literalsMax = 20_000

const mailbox = /[^\s"'`<>()[\]{},;:=/\\|]+@[^\s"'`<>()[\]{},;:=/\\|]+/g
const credentials = /\b(Basic|Bearer|Negotiate|NTLM) +[A-Za-z0-9+/=._~-]{8,}/g
const ipv4 =
  /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)/g
const ipv6 = /(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])/gi
const host = /(?<![\w.-])(?:[a-z0-9_-]{1,63}\.){1,10}[a-z]{2,24}(?![\w-])/gi
const url = /\b(https?:\/\/)([^\s/"'<>:@]+)/gi

/** Texts that look like a host: fields of resources, files, and the domains of Kubernetes' own names. */
const noHost =
  /^(spec|status|metadata|auth|tls|limits|allowed|guard|hub)\.|\.(asmx|ts|js|mjs|json|ya?ml|db|log)$|(^|\.)(kubernetes\.io|k8s\.io|exchangesync\.dev|fluxcd\.io|argoproj\.io|helm\.sh)$/i

/** The keys of our resources whose values are replaced as a whole, with what they hold. */
const keys: Readonly<Record<string, Sort>> = {
  mailbox: 'mailbox',
  mailboxes: 'mailbox',
  publicFolder: 'folder',
  folder: 'folder',
  hubs: 'folder',
  folders: 'folder',
}

/** A character of a learned value; with its pseudonym if the value ends here. */
type Letter = { readonly next: Map<string, Letter>; pseudonym?: string }

/** The pseudonyms of one bundle. */
export class Mask {
  readonly #key: string
  /** The values that are looked for, as a tree of their characters. */
  readonly #literals: Letter = { next: new Map() }
  #learned = 0

  /** `key`: random, and used for one bundle only. */
  constructor(key: string) {
    this.#key = key
  }

  /** The pseudonym of a value. */
  of(sort: Sort, value: string): string {
    if (sort === 'folder') return this.#path(value)
    const digest = this.#digest(value.toLowerCase())
    return sort === 'host' ? `${sort}-${digest}.invalid` : `${sort}-${digest}`
  }

  /** Looks for the value in all texts from now on; a short one, or one of too many, is not looked for. */
  learn(sort: Sort, value: string): void {
    if (value.length < literalMin || this.#learned >= literalsMax) return
    let at = this.#literals
    for (const unit of value.split('')) {
      const next: Letter = at.next.get(unit) ?? { next: new Map() }
      at.next.set(unit, next)
      at = next
    }
    if (at.pseudonym === undefined) this.#learned += 1
    at.pseudonym ??= this.of(sort, value)
  }

  /** Learns the hosts, domains and paths that a resource declares. */
  learnFrom(value: unknown, key = ''): void {
    if (typeof value === 'string') this.#learnText(key, value)
    else if (Array.isArray(value)) for (const each of value) this.learnFrom(each, key)
    else if (typeof value === 'object' && value !== null)
      for (const [name, each] of Object.entries(value)) this.learnFrom(each, name)
  }

  #learnText(key: string, text: string): void {
    const sort = keys[key]
    if (sort === 'folder')
      // A member's folder may have the name of the hub's: each part of a path is learned, too. A folder of the kind itself
      // has a word of everyday language as its name.
      for (const path of [text, ...text.split('/')])
        if (!/^(Contacts|Calendar|Tasks|Notes)$/.test(path)) this.learn('folder', path)
    if (sort === 'mailbox') {
      const domain = text.split('@')[1]
      if (domain !== undefined) this.learn('host', domain)
    }
    if (URL.canParse(text)) {
      const { hostname } = new URL(text)
      if (hostname !== '') this.learn('host', hostname)
    }
  }

  /** A resource, an event or another JSON value, with the pseudonyms. */
  value(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return this.#valued(key, value)
    if (Array.isArray(value)) return value.map((each) => this.value(each, key))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([name, each]) => [
      this.text(name),
      this.value(each, name),
    ])
    return Object.fromEntries(entries)
  }

  #valued(key: string, text: string): string {
    // Exchange's version looks like an address.
    if (key === 'version' && /^[\d.]+$/.test(text)) return text
    const sort = keys[key]
    return sort === undefined ? this.text(text) : this.of(sort, text)
  }

  /** Any text, with the pseudonyms. */
  text(text: string): string {
    // Mailboxes first: the domain of one is a host, and its local part names a person.
    const named = text
      .replace(credentials, '$1 …')
      .replace(mailbox, (found) => this.of('mailbox', found))
    return this.#withoutLiterals(named)
      .replace(url, (_, scheme: string, name: string) => `${scheme}${this.#hostOf(name)}`)
      .replace(ipv4, (found) => (/^(127|0)\./.test(found) ? found : this.of('ip', found)))
      .replace(ipv6, (found) => this.of('ip', found))
      .replace(host, (found) => (noHost.test(found) ? found : this.#hostOf(found)))
  }

  #withoutLiterals(text: string): string {
    const parts: string[] = []
    let from = 0
    for (let at = 0; at < text.length; at += 1) {
      const found = this.#longestAt(text, at)
      if (found === undefined) continue
      parts.push(text.slice(from, at), found.pseudonym)
      from = found.end
      at = from - 1
    }
    return [...parts, text.slice(from)].join('')
  }

  // One path may begin with another: the longest counts.
  #longestAt(
    text: string,
    start: number,
  ): Readonly<{ pseudonym: string; end: number }> | undefined {
    let longest: { pseudonym: string; end: number } | undefined
    let letter = this.#literals.next.get(text.charAt(start))
    for (let end = start + 1; letter !== undefined; end += 1) {
      const { pseudonym } = letter
      if (pseudonym !== undefined && isWhole(text, start, end)) longest = { pseudonym, end }
      letter = letter.next.get(text.charAt(end))
    }
    return longest
  }

  #hostOf(name: string): string {
    return isMasked(name) || name === 'localhost' ? name : this.of('host', name)
  }

  #path(path: string): string {
    return path
      .split('/')
      .map((each) => (/^\**$/.test(each) ? each : `folder-${this.#digest(each)}`))
      .join('/')
  }

  #digest(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex').slice(0, 10)
  }
}

// Part of a longer word is another word.
function isWhole(text: string, from: number, to: number): boolean {
  const letter = /[\p{L}\p{N}_]/u
  const inside = (one: number, other: number) =>
    letter.test(text.charAt(one)) && letter.test(text.charAt(other))
  return !inside(from - 1, from) && !inside(to - 1, to)
}

function isMasked(text: string): boolean {
  return /(mailbox|host|ip|folder)-[0-9a-f]{10}/.test(text)
}
