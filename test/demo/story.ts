// The story: each chapter lets users do something, waits until every address book shows what should have
// come of it, and says so. The time of a chapter runs from the user's save to the last replica showing it.
import { type Participants, Unmet } from './cast.ts'
import { binned, demand, ready, together } from './checks.ts'
import { whole } from './show.ts'
import type { Stage } from './stage.ts'
import type { Card } from './user.ts'

/** What came of a chapter: how long it took, sentences, and words of the program's own. */
export type Told = Readonly<{
  durationMs: number
  sentences: readonly string[]
  quotes?: readonly string[]
}>

/** A part of the story. */
export type Chapter = Readonly<{
  title: string
  play: (stage: Stage, cast: Participants) => Promise<Told>
}>

const who =
  (address: string) =>
  ({ EmailAddress1: shown = '' }: Card): boolean =>
    shown === address || shown.startsWith(`${address} `)

const zaneta = who('zaneta.zrodlowska@pstrag.example')
const baker = who('jan.nowak@rog.example')
const grazyna = who('grazyna.cwikla@mlyn.example')
const blazej = who('blazej.gzegzolka@zubr.example')
const bozena = who('bozena.gaska@gaska.example')
const jurgen = who('jurgen.grunspan@moewe.example')

const refusal = 'ErrorMailboxStoreUnavailable'

const firstSync: Chapter = {
  title: 'The first sync: four mailboxes get the public folder',
  async play(stage, cast) {
    await cast.open()
    demand('200 contacts in the public folder', cast.book.length === 200, `${cast.book.length}`)
    const startMs = performance.now()
    stage.startController()
    const durationMs = await cast.settled(startMs)
    demand('Ewa’s other folders untouched', cast.untouched(), 'other contacts there')
    return {
      durationMs,
      sentences: [
        `All 200 contacts are in all four, equal field by field, from Łoś <Stal> to Kwiaciarnia
        Piwonia 🌸. Ewa’s own contacts in other folders are untouched.`,
      ],
    }
  },
}

const correction: Chapter = {
  title: 'Jan corrects a phone number on his phone',
  async play(_, cast) {
    const fields = { BusinessPhone: '+48 22 000 77 01' }
    await cast.jan.edit(zaneta, fields)
    const savedMs = performance.now()
    cast.expect(zaneta, fields)
    const durationMs = await cast.settled(savedMs)
    return {
      durationMs,
      sentences: [`Żaneta Źródłowska has ${whole(fields.BusinessPhone)} in all five folders now.`],
    }
  },
}

const newcomer: Chapter = {
  title: 'Marta of the office makes a new contact in the public folder',
  async play(_, cast) {
    await cast.marta.add({
      GivenName: 'Zoë',
      Surname: 'Brzęczyszczykiewicz-O’Hara',
      CompanyName: 'Słonecznik & Córki <import> 🌻',
      EmailAddress1: 'zoe@slonecznik.example',
      MobilePhone: '+44 7700 900777',
    })
    const savedMs = performance.now()
    const made = (await cast.marta.entries())?.find(({ card }) =>
      who('zoe@slonecznik.example')(card),
    )
    if (made === undefined) throw new Unmet('the new contact in the public folder', 'none')
    cast.expectNew(made.card)
    const durationMs = await cast.settled(savedMs)
    const { DisplayName, CompanyName } = made.card
    return { durationMs, sentences: [`${DisplayName} of ${CompanyName} is on all four phones.`] }
  },
}

const bothSurvive: Chapter = {
  title: 'Anna and Ewa edit different fields of one contact',
  async play(stage, cast) {
    const [job, phone] = [{ JobTitle: 'Mistrz piekarski' }, { BusinessPhone: '+48 22 000 77 02' }]
    const durationMs = await together(stage, cast, async () => {
      await cast.anna.edit(baker, job)
      await cast.ewa.edit(baker, phone)
      cast.expect(baker, { ...job, ...phone })
    })
    return {
      durationMs,
      sentences: [
        `Jan Nowak the baker has Anna’s job title and Ewa’s phone number, everywhere; Jan Nowak
        of the warehouse has neither.`,
        '(spec.suspend was true until both had saved, so one pass met both edits.)',
      ],
    }
  },
}

const conflict: Chapter = {
  title: 'Marta and Anna edit the same field, differently',
  async play(stage, cast) {
    const [winner, loser] = ['+48 22 000 77 03', '+48 22 000 77 04']
    const durationMs = await together(stage, cast, async () => {
      await cast.marta.edit(grazyna, { BusinessPhone: winner })
      await cast.anna.edit(grazyna, { BusinessPhone: loser })
      cast.expect(grazyna, { BusinessPhone: winner })
    })
    await cast.until('one conflict in the status', async () => {
      const conflicts = (await stage.status())?.conflicts?.total
      return conflicts === 1 ? undefined : `${conflicts}`
    })
    const quotes = await binned(stage, 'anna@corp.example', 'Phone:BusinessPhone', loser)
    return {
      durationMs,
      sentences: [
        `Grażyna Ćwikła has Marta’s ${whole(winner)} (conflicts: HubWins).
        Anna’s ${whole(loser)} is in the bin:`,
      ],
      quotes,
    }
  },
}

const reverted: Chapter = {
  title: 'Piotr, who only receives, edits a contact',
  async play(stage, cast) {
    const others = cast.all.filter((user) => user !== cast.piotr)
    const versions = async () =>
      (await Promise.all(others.map((user) => user.entries())))
        .flatMap((entries) => entries?.filter(({ card }) => blazej(card)) ?? [])
        .map(({ version }) => version)
        .join()
    const before = await versions()
    const own = 'Szef wszystkich szefów'
    await cast.piotr.edit(blazej, { JobTitle: own })
    const durationMs = await cast.settled(performance.now())
    const after = await versions()
    demand('nothing written to anybody else', before === after, 'other versions of the contact')
    const quotes = await binned(stage, 'piotr@corp.example', 'JobTitle', own)
    return {
      durationMs,
      sentences: [
        `His copy of Błażej Gżegżółka is the company’s again (drift: Revert), nobody else’s was
        touched, and what he wrote is in the bin:`,
      ],
      quotes,
    }
  },
}

const deletion: Chapter = {
  title: 'Ewa deletes a contact',
  async play(stage, cast) {
    await cast.ewa.delete(bozena)
    const savedMs = performance.now()
    cast.expectGone(bozena)
    const durationMs = await cast.settled(savedMs)
    const bin = await stage.exsync('bin', 'list')
    demand('the deleted contact in the bin', /^\d.* ewa@.* {2}Deleted$/m.test(bin), bin)
    return { durationMs, sentences: ['Bożena Gąska is gone everywhere, and kept in the bin.'] }
  },
}

const refused: Chapter = {
  title: 'Jan’s mailbox refuses; Anna corrects a phone number',
  async play(stage, cast) {
    const fields = { MobilePhone: '+49 171 39200 77' }
    cast.mailbox(cast.jan).deny(refusal)
    await cast.anna.edit(jurgen, fields)
    const savedMs = performance.now()
    cast.expect(jurgen, fields)
    const others = cast.all.filter((user) => user !== cast.jan)
    const durationMs = await cast.settled(savedMs, others)
    let problem = ''
    await cast.until('Jan’s mailbox among the status’ problems', async () => {
      const { members, problems } = (await stage.status()) ?? {}
      const found = problems?.find(({ mailbox }) => mailbox === 'jan@corp.example')
      problem = found === undefined ? '' : `${found.mailbox}: ${found.reason}`
      const told = problems?.length === 1 && members?.current === 3 && problem !== ''
      return told ? undefined : JSON.stringify({ members, problems })
    })
    const items = cast.mailbox(cast.jan).folder(cast.jan.place.path).items()
    const reached = items.some(({ contact }) =>
      JSON.stringify(contact).includes(fields.MobilePhone),
    )
    demand('Jan without the correction', !reached, 'the correction')
    return {
      durationMs,
      sentences: ['Everybody else has Jürgen Grünspan’s new number. The status names the one:'],
      quotes: [problem],
    }
  },
}

const caughtUp: Chapter = {
  title: 'Jan’s mailbox answers again',
  async play(stage, cast) {
    cast.mailbox(cast.jan).deny(undefined)
    const durationMs = await cast.settled(performance.now())
    await ready(stage, cast)
    return { durationMs, sentences: ['He has the correction as well; nobody is behind.'] }
  },
}

const quiet: Chapter = {
  title: 'In the end all five folders are the same, and nothing moves',
  async play(stage, cast) {
    const startMs = performance.now()
    await cast.settled(startMs, cast.all, true)
    await ready(stage, cast)
    demand('Ewa’s other folders untouched', cast.untouched(), 'other contacts there')
    return {
      durationMs: performance.now() - startMs,
      sentences: [
        `${cast.book.length} contacts each, all read once more; the last pass wrote nothing.
        Ewa’s other folders are still as they were.`,
      ],
    }
  },
}

/** The chapters, in order. */
export const story: readonly Chapter[] = [
  firstSync,
  correction,
  newcomer,
  bothSurvive,
  conflict,
  reverted,
  deletion,
  refused,
  caughtUp,
  quiet,
]
