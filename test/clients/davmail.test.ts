// DavMail on the embedded Exchange.
import { expect, test } from 'vitest'
import { ended } from '../support/program.ts'
import { davMailClient } from './davmail.ts'
import { davmail } from './install.ts'
import { ANNA, BASIC, BASIC_TLS, NTLM_BOUND } from './sign-ins.ts'
import { liveStory } from './story.ts'

const obtained = await davmail()

// Without TLS, its NTLM fails: it asks for the certificate all the same.
for (const signIn of [BASIC, BASIC_TLS, NTLM_BOUND]) {
  liveStory({
    name: 'DavMail',
    signIn,
    short: signIn !== BASIC,
    obtained,
    // This engine for NTLM sends a channel binding, the other one does not.
    open: ({ url }) => davMailClient(obtained.path ?? '', url, { 'davmail.enableJcifs': 'false' }),
    cannot: { sync: 'DavMail lists folders, and never asks for changes' },
    more: (client) => {
      test('people are found by LDAP', async () => {
        const place = `ldap://127.0.0.1:${client().ldapPort}/ou=people?cn,mail?sub?(cn=jan*)`
        const user = `${ANNA.user}:${ANNA.password}`
        const args = ['--silent', '--show-error', '--user', user, place]
        const { code, stdout, stderr } = await ended('curl', args, process.env)
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        expect(stdout).toContain('mail: jan@corp.example')
      })
    },
  })
}
