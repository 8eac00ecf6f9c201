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
  /^(spec|status|metadata|auth|tls|limits|allowed|guard|hub)\.|\.(ts|js|mjs|json|ya?ml|db|log|md)$|(^|\.)(kubernetes\.io|k8s\.io|exchangesync\.dev|fluxcd\.io|argoproj\.io|helm\.sh)$/i

/** The keys of our resources whose values are replaced as a whole, with what they hold. */
const keys: Readonly<Record<string, Sort>> = {
  mailbox: 'mailbox',
  mailboxes: 'mailbox',
  publicFolder: 'folder',
  folder: 'folder',
  hubs: 'folder',
  folders: 'folder',
}

/** The pseudonyms of one bundle. */
export class Mask {
  readonly #key: string
  readonly #literals = new Map<string, string[]>()
  readonly #known = new Map<string, string>()

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

  /** Looks for the value in all texts from now on. */
  learn(sort: Sort, value: string): void {
    const own = [...this.#literals.keys()].length
    if (value.length < literalMin || this.#known.has(value) || own >= literalsMax) return
    this.#known.set(value, this.of(sort, value))
    const start = value.slice(0, literalMin)
    const others = this.#literals.get(start) ?? []
    // The longest first: one path may begin with another.
    this.#literals.set(
      start,
      [...others, value].sort((one, other) => other.length - one.length),
    )
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
    if (sort === 'folder') {
      const bare = text.replace(/^\/|\/\*+$/g, '')
      // A folder of the kind itself has a word of everyday language as its name.
      if (!/^(Contacts|Calendar|Tasks|Notes)$/.test(bare)) this.learn('folder', text)
    }
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
    return this.#withoutLiterals(text)
      .replace(credentials, '$1 …')
      .replace(mailbox, (found) => (isMasked(found) ? found : this.of('mailbox', found)))
      .replace(url, (_, scheme: string, name: string) => `${scheme}${this.#hostOf(name)}`)
      .replace(ipv4, (found) => (/^(127|0)\./.test(found) ? found : this.of('ip', found)))
      .replace(ipv6, (found) => this.of('ip', found))
      .replace(host, (found) => (noHost.test(found) ? found : this.#hostOf(found)))
  }

  #withoutLiterals(text: string): string {
    if (this.#literals.size === 0) return text
    const parts: string[] = []
    let from = 0
    for (let at = 0; at + literalMin <= text.length; ) {
      const found = this.#literals
        .get(text.slice(at, at + literalMin))
        ?.find((each) => text.startsWith(each, at))
      if (found === undefined) at += 1
      else {
        parts.push(text.slice(from, at), this.#known.get(found) ?? '')
        at += found.length
        from = at
      }
    }
    return [...parts, text.slice(from)].join('')
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

function isMasked(text: string): boolean {
  return /(mailbox|host|ip|folder)-[0-9a-f]{10}/.test(text)
}
