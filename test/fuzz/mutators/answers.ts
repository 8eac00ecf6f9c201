// Answers that are true at another time or for another question, and what is acknowledged and not done.
import { idsIn } from '../../simulation/witness.ts'
import { changing, type Mutator, type Scene } from '../mutator.ts'
import { spliced, within } from '../parts.ts'

// Another true answer in its place.
const instead = (which: (scene: Scene) => readonly string[]): Mutator['apply'] =>
  changing((_xml, scene) => scene.chance.of(which(scene)))

const success = (operation: string, content: string) =>
  `<m:${operation}ResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>${content}</m:${operation}ResponseMessage>`

// An answer in the frame of a true one: nothing of the request was carried out.
async function pretended({ ask, operation }: Scene, messages: readonly string[]) {
  const refusal = await ask(undefined, { kind: 'code', code: 'ErrorItemSave', at: 'whole' })
  if (refusal === undefined || typeof refusal.body !== 'string')
    return { reply: refusal, met: false }
  const [message] = within(refusal.body, 'ResponseMessages')
  if (message === undefined) return { reply: refusal, met: false }
  const texts = messages.map((content) => success(operation, content)).join('')
  return {
    reply: { ...refusal, body: spliced(refusal.body, message.from, message.to, texts) },
    met: true,
  }
}

const contact = (id: string, key: string) =>
  `<m:Items><t:Contact><t:ItemId Id="${id}" ChangeKey="${key}"/></t:Contact></m:Items>`

/** All of them. */
export const answers: readonly Mutator[] = [
  {
    name: 'olderItem',
    kind: 'hidden',
    why: 'an older version of an item, with its older change key, reads as an edit that takes a value back',
    of: /^GetItem$/,
    apply: instead(({ past }) => past.own),
  },
  {
    name: 'olderChanges',
    kind: 'lie',
    of: /^SyncFolderItems$/,
    apply: instead(({ past }) => past.own),
  },
  { name: 'olderListing', kind: 'lie', of: /^FindItem$/, apply: instead(({ past }) => past.own) },
  { name: 'olderFolder', kind: 'lie', of: /Folder$/, apply: instead(({ past }) => past.own) },
  {
    name: 'olderWrite',
    kind: 'lie',
    of: /^(Create|Update|Delete)Item$/,
    apply: instead(({ past }) => past.own),
  },
  { name: 'anothersAnswer', kind: 'lie', apply: instead(({ past }) => past.others) },
  {
    name: 'otherOperation',
    kind: 'lie',
    apply: changing((_xml, { past, chance }) => chance.of(past.foreign)),
  },
  {
    name: 'notMade',
    kind: 'lie',
    of: /^CreateItem$/,
    // Acknowledged, and not there.
    apply: (scene) => {
      const { body, chance, notes } = scene
      const many = body.match(/<t:Contact>/g)?.length ?? 1
      return pretended(
        scene,
        Array.from({ length: many }, () => {
          const serial = Number(notes.get('serial') ?? 0) + 1
          notes.set('serial', String(serial))
          const id = Buffer.from(`no such item ${serial} ${chance.below(1e6)}`).toString('base64')
          return contact(id, 'EQAAABYAAAAA')
        }),
      )
    },
  },
  {
    name: 'notUpdated',
    kind: 'lie',
    of: /^UpdateItem$/,
    apply: (scene) =>
      pretended(
        scene,
        idsIn(scene.body).map(
          (id) =>
            `${contact(id, 'EQAAABYAAAAB')}<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>`,
        ),
      ),
  },
  {
    name: 'notDeleted',
    kind: 'lie',
    of: /^DeleteItem$/,
    apply: (scene) =>
      pretended(
        scene,
        idsIn(scene.body).map(() => ''),
      ),
  },
  {
    name: 'saidMissing',
    kind: 'lie',
    of: /^GetItem$/,
    apply: async ({ ask, body, chance }) => ({
      reply: await ask(undefined, {
        kind: 'code',
        code: 'ErrorItemNotFound',
        at: chance.below(2) === 0 ? 'each' : chance.below(idsIn(body).length),
      }),
      met: true,
    }),
  },
  {
    name: 'saidGone',
    kind: 'lie',
    of: /^GetFolder$/,
    apply: async ({ ask, chance }) => ({
      reply: await ask(undefined, {
        kind: 'code',
        code: chance.of(['ErrorFolderNotFound', 'ErrorItemNotFound', 'ErrorInvalidFolderId']) ?? '',
        at: 0,
      }),
      met: true,
    }),
  },
]
