// `exsync doctor` says what is missing and what mends it, costs at most the attempts that it says, and writes nothing.
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Level } from '../exchange/store/rights.ts'
import { account, filesOf, lackIn, officeWith, outcomesOf, password } from './doctor-office.ts'
import { exsync, groupOf, holdingsOf, secretOf, serverOf, two, until } from './support.ts'

const server = ['references', 'name', 'tls', 'offers', 'sign-in', 'version', 'clock', 'throttling']
const inOrder = (some: readonly string[]) => [...some].sort()
const notChecked = (...checks: readonly string[]) => checks.map((check) => `${check} unknown`)

describe.concurrent('doctor where all is well', () => {
  test('says so, reads only, and writes nothing', () =>
    two(async () => {
      await using office = await officeWith({
        members: [
          { mailbox: 'anna@corp.example' },
          { mailbox: 'jan@corp.example', folder: 'Contacts/New' },
        ],
      })
      const { exchange, place } = office
      const [before, files] = [holdingsOf(exchange.store), filesOf(place)]
      const table = await office.doctor()
      expect(table).toMatchObject({ code: 0, stderr: '' })
      expect(table.stdout).toMatch(/^(ok {7}(ExchangeServer|SyncGroup) sales\/.*\n)+$/)
      expect(table.stdout).toMatch(
        /jan@corp\.example {2}folder: Contacts\/New does not exist yet: the controller creates it$/m,
      )
      const { code, all } = await office.findings()
      expect(code).toBe(0)
      expect(inOrder(outcomesOf(all, 'ExchangeServer'))).toEqual(
        inOrder(server.map((each) => `${each} ok`)),
      )
      expect(outcomesOf(all, 'hub')).toEqual(['access ok', 'folder ok', 'rights ok', 'routing ok'])
      expect(outcomesOf(all, 'anna@')).toEqual(['access ok', 'folder ok', 'rights ok'])
      expect(holdingsOf(exchange.store)).toEqual(before)
      expect(filesOf(place)).toEqual(files)
      const reads = ['', 'GetFolder', 'FindFolder', 'FindItem']
      expect(Object.keys(exchange.counts).filter((each) => !reads.includes(each))).toEqual([])
      expect(table.stdout).not.toContain(password)
    }))

  test('over TLS by NTLM and by OAuth, and with a mailbox as the hub', () =>
    two(async () => {
      const app = { id: 'app-1', secret: 'app-geheim', as: account }
      const tokenURL = (url: string) => new URL('/adfs/oauth2/token', url).href
      await using office = await officeWith({
        tls: true,
        signIn: { offers: ['NTLM', 'Bearer'], extendedProtection: 'Require', apps: [app] },
        server: { auth: { type: 'NTLM', secretRef: { name: 'account' } } },
        spec: { hub: { mailbox: 'ewa@corp.example', folder: 'Contacts/Contacts' } },
        more: (url) => [
          {
            ...serverOf(url, {
              auth: { type: 'OAuth', secretRef: { name: 'app' } },
              tls: { caSecretRef: { name: 'authority', key: 'ca.crt' } },
            }),
            metadata: { name: 'tokens', namespace: 'sales' },
          },
          secretOf('app', {
            tokenURL: tokenURL(url),
            clientID: app.id,
            clientSecret: app.secret,
            scope: 's',
          }),
        ],
      })
      const { code, all } = await office.findings()
      expect(lackIn(all)).toBeUndefined()
      expect(code).toBe(0)
      expect(inOrder(outcomesOf(all, 'sales/tokens'))).toEqual(
        inOrder([...server, 'certificate'].map((each) => `${each} ok`)),
      )
      expect(office.exchange.signIns.refused).toEqual({})
    }))
})

describe.concurrent('doctor about the sign-in', () => {
  test('a wrong password costs one attempt by Basic, whatever the number of servers and groups', () =>
    two(async () => {
      await using office = await officeWith({
        secret: { username: account, password: 'wrong-7' },
        more: (url) => [
          { ...serverOf(url), metadata: { name: 'again', namespace: 'sales' } },
          groupOf({
            name: 'other',
            members: [{ mailbox: 'jan@corp.example' }],
            spec: { serverRef: { name: 'again' } },
          }),
        ],
      })
      const { code, all } = await office.findings()
      expect(code).toBe(2)
      expect(office.exchange.signIns).toMatchObject({ refused: { [account]: 1 }, accepted: {} })
      const [first, second] = all.filter(
        ({ check, outcome }) => check === 'sign-in' && outcome === 'missing',
      )
      expect(first?.remedy).toMatch(
        /^correct the Secret sales\/account; .* Get-User -Identity 'sync@corp\.example'/,
      )
      expect(second?.detail).toMatch(
        /^not tried again: the same account was refused for ExchangeServer sales\/corp$/,
      )
      expect(outcomesOf(all, 'SyncGroup')).toEqual(
        notChecked('access', 'access', 'access', 'access'),
      )
      expect(JSON.stringify(all)).not.toContain('wrong-7')
    }))

  test('a wrong password costs two attempts by NTLM over TLS', () =>
    two(async () => {
      await using office = await officeWith({
        tls: true,
        signIn: { offers: ['Negotiate', 'NTLM'], extendedProtection: 'Allow' },
        server: { auth: { type: 'NTLM', secretRef: { name: 'account' } } },
        secret: { username: account, password: 'wrong-7' },
      })
      const { all } = await office.findings()
      expect(lackIn(all)?.detail).toMatch(
        /^refused with and without a channel binding \(two attempts\): .* wrong/,
      )
      expect(office.exchange.signIns).toMatchObject({ begun: 2, refusals: { password: 2 } })
    }))

  test('a connection that breaks off while signing in counts as an attempt', () =>
    two(async () => {
      await using office = await officeWith({
        proxyMs: Date.now(),
        // The beginning of an AUTHENTICATE_MESSAGE in base64.
        breaksAt: 'NTLM TlRMTVNTUAAD',
        signIn: { offers: ['NTLM'], extendedProtection: 'Allow' },
        server: { auth: { type: 'NTLM', secretRef: { name: 'account' } } },
      })
      const { all } = await office.findings()
      expect(lackIn(all)?.detail).toMatch(
        /^refused; the attempt with the other setting .* no answer/,
      )
      expect(office.exchange.signIns).toMatchObject({ begun: 2, refusals: { binding: 2 } })
    }))

  test('a proxy with another certificate under Extended Protection', () =>
    two(async () => {
      await using office = await officeWith({
        proxyMs: Date.now(),
        signIn: { offers: ['NTLM'], extendedProtection: 'Allow' },
        server: { auth: { type: 'NTLM', secretRef: { name: 'account' } } },
      })
      const { code, all } = await office.findings()
      expect(code).toBe(2)
      expect(lackIn(all)).toMatchObject({
        check: 'sign-in',
        detail: expect.stringMatching(/^refused with .* \(two attempts\): a proxy ends TLS/),
        remedy: expect.stringMatching(
          /certificate of the Exchange server, or set spec\.auth\.channelBinding: Omit$/,
        ),
      })
      expect(office.exchange.signIns).toMatchObject({ begun: 2, accepted: { [account]: 1 } })
    }))

  test('Extended Protection is Require, and the binding is omitted', () =>
    two(async () => {
      await using office = await officeWith({
        tls: true,
        signIn: { offers: ['NTLM'], extendedProtection: 'Require' },
        server: { auth: { type: 'NTLM', secretRef: { name: 'account' }, channelBinding: 'Omit' } },
      })
      const { all } = await office.findings()
      expect(lackIn(all)).toMatchObject({
        check: 'sign-in',
        remedy: 'remove spec.auth.channelBinding: Omit',
      })
      expect(office.exchange.signIns.begun).toBe(2)
    }))

  test('a server that offers another way is not signed in to at all', () =>
    two(async () => {
      await using office = await officeWith({ signIn: { offers: ['NTLM'] } })
      const { all } = await office.findings()
      expect(lackIn(all)).toMatchObject({
        check: 'offers',
        detail: 'the server does not offer Basic for spec.auth.type Basic, only NTLM',
        remedy: expect.stringMatching(
          /^set spec\.auth\.type to NTLM, or .* -BasicAuthentication \$true$/,
        ),
      })
      expect(office.exchange.signIns).toMatchObject({ begun: 0, refused: {} })
    }))
})

describe.concurrent('doctor about the way to a server', () => {
  test('a name that is not known, and a certificate that is not trusted', () =>
    two(async () => {
      await using office = await officeWith({
        tls: true,
        server: { tls: undefined },
        more: () => [
          {
            ...serverOf('https://mail.invalid/EWS/Exchange.asmx'),
            metadata: { name: 'nowhere', namespace: 'sales' },
          },
        ],
      })
      const { code, all } = await office.findings()
      expect(code).toBe(2)
      const lacks = all.filter(({ outcome }) => outcome === 'missing')
      expect(lacks.map(({ check, subject }) => `${check} ${subject}`).sort()).toEqual([
        'name ExchangeServer sales/nowhere',
        'tls ExchangeServer sales/corp',
      ])
      const details = lacks.map(({ detail }) => detail).join()
      expect(details).toMatch(/is not trusted .* spec\.tls\.caSecretRef/)
      expect(details).toMatch(/the name mail\.invalid cannot be resolved/)
      expect(office.exchange.counts).toEqual({})
      expect(office.exchange.signIns).toMatchObject({ begun: 0, accepted: {}, refused: {} })
    }))

  test('a certificate that ends soon, or is for another name', () =>
    two(async () => {
      const dayMs = 86_400_000
      await using office = await officeWith({ proxyMs: Date.now() - 350 * dayMs })
      const { all } = await office.findings()
      expect(lackIn(all)).toMatchObject({
        check: 'certificate',
        detail: expect.stringMatching(/: 1[45] days are left$/),
        remedy: expect.stringMatching(/Get-ExchangeCertificate -Thumbprint [0-9A-F]{40} \|/),
      })
      expect(outcomesOf(all, 'anna@')).toEqual(['access ok', 'folder ok', 'rights ok'])
      office.place.write(
        'all.yaml',
        office.place.read('all.yaml').replace('https://127.0.0.1:', 'https://127.0.0.2:'),
      )
      const other = await office.findings('--server', 'sales/corp')
      expect(lackIn(other.all)).toMatchObject({ check: 'tls' })
    }))

  test('answers that are late, false or without end', () =>
    two(async () => {
      await using office = await officeWith({ server: { limits: { requestTimeout: '1s' } } })
      const detailWith = async (fault: Parameters<typeof office.exchange.inject>[0]) => {
        office.exchange.inject(fault)
        const { code, all } = await office.findings('--server', 'sales/corp')
        expect(code).toBe(2)
        return lackIn(all)?.detail
      }
      const headers = { 'content-type': 'text/html' }
      expect(
        await detailWith(() => ({
          kind: 'http',
          status: 200,
          headers,
          body: '<html>hello</html>',
        })),
      ).toMatch(/web page/)
      expect(
        await detailWith(() => ({
          kind: 'http',
          status: 302,
          headers: { location: 'https://x.example/' },
        })),
      ).toMatch(/redirects/)
      const endless = `<Envelope>${'<a>'.repeat(2_000_000)}`
      expect(await detailWith(() => ({ kind: 'http', status: 200, body: endless }))).toBeTruthy()
      expect(await detailWith(async () => void (await delay(3_000)))).toMatch(
        /did not answer within/,
      )
    }))

  test('a version that is too old, and a clock that is off', () =>
    two(async () => {
      const off = { clock: () => Date.now() - 600_000, dated: true }
      await using office = await officeWith({ exchange: off })
      office.exchange.inject(() => ({
        kind: 'rewrite',
        as: (body) =>
          body.replace(/MajorVersion="15" MinorVersion="2"/, 'MajorVersion="14" MinorVersion="3"'),
      }))
      const { all } = await office.findings('--server', 'sales/corp')
      expect(lackIn(all)).toMatchObject({
        check: 'version',
        detail: expect.stringMatching(/^14\.3\..* is older than Exchange 2016$/),
      })
      const clock = all.find(({ check }) => check === 'clock')
      expect(clock).toMatchObject({
        outcome: 'ok',
        detail: expect.stringMatching(/by (599|60[01]) s, which only Kerberos and OAuth/),
      })
    }))

  test('a throttling policy that bears fewer requests', () =>
    two(async () => {
      await using office = await officeWith({ server: { limits: { concurrency: 6 } } })
      let running = 0
      office.exchange.inject(async () => {
        running += 1
        await delay(100)
        const many = running > 3
        running -= 1
        return many ? { kind: 'soap', code: 'ErrorServerBusy', backOffMs: 300_000 } : undefined
      })
      const { all } = await office.findings()
      expect(lackIn(all)).toMatchObject({
        check: 'throttling',
        remedy: expect.stringMatching(
          /^New-ThrottlingPolicy .*; Set-ThrottlingPolicyAssociation -Identity 'sync@corp\.example' /,
        ),
      })
      expect(outcomesOf(all, 'SyncGroup')).toEqual(notChecked('access', 'access'))
    }))
})

describe.concurrent('doctor about folders', () => {
  test('names what lacks for each member, and the line that mends it', () =>
    two(async () => {
      await using office = await officeWith({
        impersonates: ['anna@corp.example', 'ewa@corp.example'],
        level: 'Reviewer',
        members: [
          { mailbox: 'anna@corp.example' },
          { mailbox: 'jan@corp.example' },
          { mailbox: 'ewa@corp.example' },
          { publicFolder: '/Company/Branches/Cracow' },
        ],
      })
      office.exchange.store.mailbox('ewa@corp.example').deny('ErrorMailboxMoveInProgress')
      const { code, all } = await office.findings()
      expect(code).toBe(2)
      const remedyOf = (subject: string) =>
        all
          .filter((each) => each.subject.endsWith(subject) && each.outcome === 'missing')
          .map(({ check, remedy = '' }) => `${check}: ${remedy}`)
          .join()
      expect(remedyOf('hub')).toBe(
        "rights: Add-PublicFolderClientPermission -Identity '\\Company\\Contacts' -User 'sync@corp.example' -AccessRights PublishingEditor",
      )
      expect(remedyOf('jan@corp.example')).toMatch(
        /^access: Add-DistributionGroupMember .* -Member 'jan@corp\.example'; .* New-ManagementScope .* "MemberOfGroup -eq .*"; New-ManagementRoleAssignment -Role ApplicationImpersonation -User 'sync@corp\.example' -CustomRecipientWriteScope/,
      )
      expect(remedyOf('/Company/Branches/Cracow')).toMatch(
        /New-PublicFolder -Name 'Branches' -Path '\\Company'/,
      )
      expect(remedyOf('ewa@corp.example')).toMatch(/^access: /)
      expect(outcomesOf(all, 'anna@')).toEqual(['access ok', 'folder ok', 'rights ok'])
    }))

  test('a hub that is not there, and a member as a delegate', () =>
    two(async () => {
      await using office = await officeWith({
        server: { access: 'Delegate' },
        spec: { hub: { publicFolder: '/Company/Contact' } },
      })
      const { all } = await office.findings('--group', 'sales/company-contacts')
      const lacks = all.filter(({ outcome }) => outcome === 'missing')
      expect(lacks).toMatchObject([
        {
          check: 'folder',
          detail: expect.stringMatching(
            /^there is no public folder \/Company\/Contact: .*"Contacts"/,
          ),
          remedy: expect.stringContaining("New-PublicFolder -Name 'Contact' -Path '\\Company'"),
        },
        {
          remedy: expect.stringMatching(
            /Add-MailboxFolderPermission -Identity 'anna@corp\.example:\\Contacts\\Contact' -User 'sync@corp\.example' -AccessRights Editor$/,
          ),
        },
      ])
    }))

  test('the rights of a delegate', () =>
    two(async () => {
      await using office = await officeWith({
        server: { access: 'Delegate' },
        members: [
          { mailbox: 'anna@corp.example' },
          { mailbox: 'jan@corp.example', folder: 'Contacts/New' },
        ],
      })
      const may = (name: string, path: string, level: Level) =>
        office.exchange.store
          .mailbox(`${name}@corp.example`)
          .folder(path)
          .setPermission(account, level)
      for (const name of ['anna', 'jan']) may(name, 'Contacts', 'Reviewer')
      may('anna', 'Contacts/Contacts', 'Editor')
      const { all } = await office.findings()
      expect(outcomesOf(all, 'anna@')).toEqual(['access ok', 'folder ok', 'rights ok'])
      expect(outcomesOf(all, 'jan@')).toEqual(['access ok', 'folder missing'])
      may('jan', 'Contacts', 'PublishingEditor')
      const after = await office.findings()
      expect(outcomesOf(after.all, 'jan@')).toEqual(['access ok', 'folder ok'])
    }))

  test('one of many members fails, and the others are looked at', () =>
    two(async () => {
      const users = Array.from({ length: 150 }, (_, n) => `n${n}@corp.example`)
      await using office = await officeWith({
        users,
        members: [...users, 'nix@corp.example'].map((mailbox) => ({ mailbox })),
      })
      const { code, all } = await office.findings()
      expect(code).toBe(2)
      expect(lackIn(all)).toMatchObject({
        subject: 'SyncGroup sales/company-contacts nix@corp.example',
        remedy: expect.stringMatching(
          /^correct the address in the SyncGroup; at the server: Get-Recip/,
        ),
      })
      for (const user of users)
        expect(outcomesOf(all, ` ${user}`)).toEqual(['access ok', 'folder ok', 'rights ok'])
    }))
})

describe.concurrent('the command', () => {
  test('ends at once when it is interrupted', () =>
    two(async () => {
      await using office = await officeWith()
      let asked = 0
      office.exchange.inject(async () => {
        asked += 1
        await delay(20_000)
        return undefined
      })
      const { child, ended } = office.start()
      await until('a request is under way', () => asked > 0)
      const startMs = performance.now()
      child.kill('SIGINT')
      expect(await ended).toMatchObject({
        code: 1,
        stderr: 'exsync: interrupted: not everything was checked\n',
      })
      expect(performance.now() - startMs).toBeLessThan(5_000)
    }))

  test('narrows, and refuses what is not declared', () =>
    two(async () => {
      await using office = await officeWith({
        more: (url) => [
          { ...serverOf(url), metadata: { name: 'branch', namespace: 'sales' } },
          groupOf({
            name: 'suspended',
            members: [{ mailbox: 'jan@corp.example' }],
            spec: { suspend: true },
          }),
          groupOf({
            name: 'lost',
            members: [{ mailbox: 'jan@corp.example' }],
            spec: { serverRef: { name: 'nowhere' } },
          }),
        ],
      })
      const { local } = office.place
      const ofGroup = await office.doctor('--group', 'sales/company-contacts')
      expect(ofGroup.stdout).not.toMatch(/sales\/(branch|suspended|lost)/)
      const ofServer = await office.doctor('--server', 'sales/branch')
      expect(ofServer.stdout).toMatch(/^(ok {7}ExchangeServer sales\/branch .*\n)+$/)
      const whole = await exsync(['doctor', '-f', `${local}/all.yaml`]).ended
      expect(whole.code).toBe(2)
      expect(whole.stdout).toMatch(
        /^unknown {2}SyncGroup sales\/suspended {2}references: not checked: spec\.suspend is true$/m,
      )
      expect(whole.stdout).toMatch(
        /^missing {2}ExchangeServer sales\/nowhere {2}references: .* does not exist/m,
      )
      expect(whole.stdout).toMatch(
        /^unknown {2}SyncGroup sales\/lost hub {2}access: not checked: see ExchangeServer sales\/nowhere$/m,
      )
      for (const [args, message] of [
        [
          ['--group', 'sales/none'],
          /--group sales\/none is not declared: known are sales\/company-contacts/,
        ],
        [
          ['--server', 'sales/none'],
          /--server sales\/none is not declared: known are sales\/branch/,
        ],
        [['-f', `${local}/all.yaml`], /--local DIR or -f FILE, not both/],
        [['--replica', 'x'], /takes no --replica/],
      ] as const)
        expect(await office.doctor(...args)).toMatchObject({
          code: 1,
          stderr: expect.stringMatching(message),
        })
    }))
})
