// Tests the code itself: which floor may import which, what must not be read outside the edges, how long
// things get, and that every exported function says what it does. Comments name the reason of each rule.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import * as contacts from '../controller/core/items/contact.ts'
import { contactCodec } from '../controller/ews/items/contact.ts'
import { spreadArguments } from './support/spreads.ts'
import { commentsAndStringsOf, identifiersOf } from './support/words.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
const files = listed.split('\n').filter((file) => file !== '' && existsSync(`${root}/${file}`))
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8')
const sources = files.filter(
  (file) =>
    /^(controller|test|crds|image|release)\/.*\.ts$/.test(file) && !file.endsWith('.generated.ts'),
)
const controller = sources.filter((file) => file.startsWith('controller/'))

/** What each floor may import besides itself. */
const below: Readonly<Record<string, readonly string[]>> = {
  core: [],
  api: ['core'],
  config: ['api', 'core'],
  sync: ['api', 'core'],
  validation: ['api', 'core', 'sync/breathe.ts'],
  ews: ['api', 'core', 'sync/ports.ts', 'sync/breathe.ts'],
  store: ['api', 'core', 'sync/ports.ts', 'sync/ports'],
  'kube/runtime': ['core', 'sync/deadline.ts', 'sync/ports.ts', 'sync/queue.ts'],
  kube: ['api', 'core', 'kube/runtime', 'sync'],
  local: ['api', 'core', 'sync', 'validation'],
  telemetry: ['api', 'core', 'sync/ports.ts', 'sync/ports', 'sync/queue.ts'],
  cli: [''],
}

/** What core may import that is not ours: types, and a pure function. */
const pure = ['node:crypto', '@kubernetes/client-node']

describe('floors', () => {
  test('imports run downwards only', () => {
    const wrong = controller.flatMap((file) =>
      importsOf(file)
        .filter((target) => !allowed(file, target))
        .map((target) => `${file} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('no file imports itself, through whatever others', () => {
    const graph = new Map(controller.map((file) => [file, importsOf(file)]))
    expect(circles(graph)).toEqual([])
    expect(circles(new Map(Object.entries({ a: ['b'], b: ['c'], c: ['b'] })))).toEqual(['b', 'c'])
  })

  test('clock, randomness, environment and network live at the edges', () => {
    const edges: readonly (readonly [RegExp, RegExp])[] = [
      // The helper of Kerberos is a process of its own.
      [/process\.(env|argv)/, /^controller\/(main|config|ews\/kerberos\/helper)\.ts$/],
      // A nonce that is handed down could be handed down twice, which gives the sealed text away.
      [
        /Math\.random|randomUUID|randomBytes|randomFill|getRandomValues/,
        /^controller\/(main|store\/encryption|ews\/ntlm\/handshake)\.ts$/,
      ],
      [
        /Date\.now|new Date\(\)|performance\.now|setTimeout\(|setInterval\(/,
        /^controller\/(main\.ts|local\/directory\.ts|kube\/runtime\/lease\.ts|ews\/(network|watch)\.ts)$/,
      ],
      [
        /from '(undici|node:https?|node:net|node:tls|node:dns(\/promises)?)'|\bfetch\(/,
        // collect.ts holds a script for the pod, where it reads the controller's own metrics.
        /^controller\/(ews\/(network|watch|doctor\/network)|kube\/runtime\/client|kube\/runtime\/kubeconfig|telemetry\/(http|webhook)|cli\/cluster\/collect)\.ts$/,
      ],
    ]
    const wrong = controller.flatMap((file) =>
      edges
        .filter(([what, where]) => what.test(codeOf(file)) && !where.test(file))
        .map(([what]) => `${file}: ${what}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('kinds', () => {
  // Each of the two would be too long as one file: what a contact is, and its XML, are a few files of one name.
  const ofContacts = /^controller\/(core|ews)\/items\/contact(-[a-z]+)?\.ts$/
  // Words that something else has, too: SOAP and HTTP, a folder, a store; and the list of EWS' folder elements.
  const others: Readonly<Record<string, RegExp>> = {
    Body: /^controller\/(ews\/(envelope|shape)|kube\/runtime\/(body|client))\.ts$/,
    DisplayName: /^controller\/ews\/(folder-state|folders|places)\.ts$/,
    ContactsFolder: /^controller\/ews\/codec\.ts$/,
    State: /^controller\/((api|cli|store|core|sync\/ports)\/[a-z-]+|ews\/sign-in)\.ts$/,
    Home: /^controller\/(core\/item|ews\/(places|premises))\.ts$/,
  }
  const { contactFields, addressParts, addresses, emails, messengers, phones } = contacts
  const indexed = [...addressParts, ...addresses, ...emails, ...messengers, ...phones]
  const { element, elements, folderElement } = contactCodec
  const shared = ['ExtendedProperty']
  const names = [...contactFields, ...indexed, ...elements, element, folderElement]
    .filter((name) => !shared.includes(name))
    // The longest first: Birthday is not what BirthdayLocal names.
    .sort((a, b) => b.length - a.length)
  const named = new RegExp(`(?<!\\w|IPF\\.|IPM\\.)(${names.join('|')})(?!\\w)`, 'g')
  const namedIn = (file: string, text: string) =>
    [...text.matchAll(named)]
      .map(([name]) => name)
      .filter((name) => others[name]?.test(file) !== true)
      .map((name) => `${file}: ${name}`)

  test('nothing but the contact’s own files names a field or an element of it', () => {
    const rest = controller.filter((file) => !ofContacts.test(file))
    expect(rest.flatMap((file) => namedIn(file, codeOf(file)))).toEqual([])
    // Were nothing found anywhere, nothing would be proven.
    const own = controller.filter((file) => ofContacts.test(file))
    const found = new Set(
      own.flatMap((file) => namedIn('', codeOf(file))).map((each) => each.slice(2)),
    )
    expect(
      ['Surname', 'EmailAddresses', 'BusinessPhone'].filter((name) => !found.has(name)),
    ).toEqual([])
    expect(namedIn('a.ts', "item.Surname, item['Email:EmailAddress1'], `<t:Contact>`")).toEqual([
      'a.ts: Surname',
      'a.ts: Email:EmailAddress1',
      'a.ts: Contact',
    ])
  })

  test('only the registries of kinds know which kinds there are', () => {
    const registries = ['controller/core/items.ts', 'controller/ews/items.ts']
    const wrong = controller.filter(
      (file) =>
        !registries.includes(file) &&
        !ofContacts.test(file) &&
        importsOf(file).some((target) => ofContacts.test(target)),
    )
    expect(wrong).toEqual([])
  })
})

describe('lists from outside', () => {
  // Each argument that is spread is a slot of the stack: a file of 400 KB ended the process so.
  test('none is spread into arguments', () => {
    const few = [
      'this.#connections.probe(...asked)',
      'metrics.requested(...answer)',
      'attribute.call(...given.slice)',
      'at(...path)',
      'statement.all(...given)',
      'statement.get(...given)',
      'statement.run(...given)',
      'statement.iterate(...given)',
      '.run(...at)',
    ]
    const spread = controller.flatMap((file) =>
      spreadArguments(codeOf(file))
        .filter((found) => !few.some((each) => found.endsWith(` ${each}`)))
        .map((found) => `${file}:${found}`),
    )
    expect(spread).toEqual([])
    expect(spreadArguments('const f = (...a) => g(1, [...a], ...a)')).toEqual(['1: g(...a)'])
    expect(spreadArguments(`function f(...a: A): B { return \`\${h(...a)}\` }`)).toEqual([
      '1: h(...a)',
    ])
    expect(spreadArguments("x('...', { ...a }, /(...)/)")).toEqual([])
  })
})

describe('size', () => {
  test('no file has more than 300 lines; tables and suites of tests 500', () => {
    const most = (file: string) => (file.startsWith('test/') ? 500 : 300)
    const lines = (file: string) => read(file).trimEnd().split('\n').length
    expect(sources.filter((file) => lines(file) > most(file))).toEqual([])
  })

  test('no function has more than 70 lines', () => {
    // A suite is a list of tests, not a function to be understood at once.
    const long = sources.flatMap((file) => longFunctions(file))
    expect(long.filter((each) => !each.includes(' conformsTo'))).toEqual([])
  })
})

describe('writing', () => {
  test('every file says what it is for', () => {
    const silent = sources.filter((file) => !/^(#!.*\n)?\/[/*]/.test(read(file)))
    expect(silent).toEqual([])
  })

  test('every exported function of the controller says what it does', () => {
    const silent = controller.flatMap((file) =>
      [...read(file).matchAll(/(\*\/\n)?export (?:async )?function\*? (\w+)/g)]
        .filter(([, doc]) => doc === undefined)
        .map(([, , name]) => `${file}: ${name}`),
    )
    expect(silent).toEqual([])
  })

  test('nothing is mocked, focused, skipped without a reason, or left for later', () => {
    const banned =
      /\bvi\.(mock|fn|spyOn)|\.(only|todo)\(|\b(TODO|FIXME|XXX)\b|\bas any\b|: any\b|@ts-ignore/
    const self = 'test/tidy.test.ts'
    expect(sources.filter((file) => file !== self && banned.test(codeOf(file)))).toEqual([])
  })

  test('no path of a machine, no host of a package registry', () => {
    const text = files.filter(
      (file) =>
        /\.(ts|mjs|md|ya?ml|json|sh|service)$|^\.ci\//.test(file) && file !== 'test/tidy.test.ts',
    )
    const foreign =
      /(^|[^\w.}:/-])\/(work|root|home|Users)\/|registry\.npmjs|registry\.yarnpkg|proxy\.golang/m
    expect(text.filter((file) => foreign.test(read(file)))).toEqual([])
  })

  test('the top level is what was agreed', () => {
    const agreed = [
      'controller',
      'crds',
      'docs',
      'charts',
      'image',
      'release',
      'examples',
      'test',
      '.ci',
      '.github',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'biome.json',
      'vitest.config.ts',
      'Dockerfile',
      '.dockerignore',
      'README.md',
      'LICENSE',
      'SECURITY.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      '.gitignore',
      '.npmrc',
    ]
    const top = new Set(files.map((file) => file.split('/')[0] ?? ''))
    expect([...top].filter((name) => !agreed.includes(name))).toEqual([])
  })

  test('versions are pinned', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    )
    expect(loose).toEqual([])
  })
})

describe('words', () => {
  // Plain words: the forbidden ones, and sentences that open with a relative clause, are riddles at 3 a.m.
  const words = /\b(somebody|nobody|anew|whoever)\b/i
  const opening =
    /(?:^\s*(?:\/\*\*|\/\/|\*|#|-|>)?\s*|[.:;]\s+(?:\/\/ |\* |# )?)(?:Who|Whoever|What|Where)\b(?!-)(?![^.?!]*\?)/m
  // Names of things that got the field's own word (CONTRIBUTING.md); each whole, in any inflection of case.
  const oldNames =
    /\b#?(troubled|heardMs|deaf|rhythm|outside|course|sight|castOf|cast|twin|eldest|fence|hall|lane|desk|abandon|stand|lens|sweep)\b/

  const proseOf = (file: string) =>
    /\.(ts|mjs)$/.test(file)
      ? commentsAndStringsOf(read(file))
      : read(file).replace(/^```[\s\S]*?^```/gm, '')
  const plain = files.filter(
    (file) =>
      /^(controller\/.*\.(ts|mjs)|(docs|charts|crds)\/.*\.(md|ya?ml|txt)|[A-Z]+\.md)$/.test(file) &&
      !/generated|charts\/.*\/crds\//.test(file),
  )

  test('the words that must not come back', () => {
    const unplain = plain.filter((file) => {
      const prose = proseOf(file)
      return words.test(prose) || opening.test(prose)
    })
    expect(unplain).toEqual([])
    expect(commentsAndStringsOf("a.b // c 'd'\n/** e */ f(`g h i`, 'j')")).toBe(
      "// c 'd'\n/** e */\n`g h i`\n'j'",
    )
    for (const text of ['/** What is read. */', 'It waits. Where it ends', '# Who may', 'nobody'])
      expect([text, words.test(text) || opening.test(text)]).toEqual([text, true])
    for (const text of ['// See what is read', 'What was it before? Ask.', '/** Somehow. */'])
      expect([text, words.test(text) || opening.test(text)]).toEqual([text, false])
  })

  test('the names that must not come back', () => {
    const named = controller.filter((file) => oldNames.test(identifiersOf(read(file))))
    expect(named).toEqual([])
    expect(identifiersOf("const desk = 'lane' // sight")).toBe('const desk =    ')
  })
})

// Comments do not run.
function codeOf(file: string): string {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')
}

function importsOf(file: string): readonly string[] {
  const specifiers = [...codeOf(file).matchAll(/\b(?:from|import)\s*\(?'([^']+)'/g)].map(
    ([, name]) => name ?? '',
  )
  return specifiers.map((name) =>
    name.startsWith('.') ? new URL(name, `file:///${file}`).pathname.slice(1) : name,
  )
}

function allowed(file: string, target: string): boolean {
  if (!target.startsWith('controller/')) {
    return file.startsWith('controller/core/') ? pure.includes(target) : !target.startsWith('test/')
  }
  const floor = floorOf(file)
  const place = target.slice('controller/'.length)
  return floorOf(target) === floor || (below[floor] ?? []).some((name) => isIn(place, name))
}

// The floor of a file of the controller; the files beside the floors wire them.
function floorOf(file: string): string {
  const place = file.slice('controller/'.length)
  if (place === 'config.ts') return 'config'
  const floors = Object.keys(below).filter((name) => isIn(place, name))
  return floors.sort((a, b) => b.length - a.length)[0] ?? 'cli'
}

function isIn(place: string, name: string): boolean {
  return name === '' || place === name || place.startsWith(`${name}/`)
}

// Files that import each other, directly or through others.
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const reaches = (from: string) => {
    const seen = new Set<string>()
    const next = [...(graph.get(from) ?? [])]
    for (let at = next.pop(); at !== undefined; at = next.pop())
      if (!seen.has(at) && seen.add(at)) next.push(...(graph.get(at) ?? []))
    return seen
  }
  return [...graph.keys()].filter((file) => reaches(file).has(file))
}

function longFunctions(file: string): readonly string[] {
  const lines = read(file).split('\n')
  const long: string[] = []
  lines.forEach((line, start) => {
    const head =
      /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:static )?(?:async )?(#?\w+)\([^)]*\)?.*\{$)/.exec(
        line,
      )
    if (head === null || /^\s*(if|for|while|switch|return|describe|test|on|expect)\b/.test(line))
      return
    const end = lines.findIndex((each, index) => index > start && each === `${head[1]}}`)
    if (end - start > 70)
      long.push(`${file}:${start + 1} ${head[2] ?? head[3]} has ${end - start} lines`)
  })
  return long
}
