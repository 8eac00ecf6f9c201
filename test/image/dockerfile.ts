// Reads the last stage of the Dockerfile, or another one: what is copied into the image, and how it is started.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A COPY instruction. */
export type Copy = Readonly<{
  /** The stage that it copies from; undefined: the repository. */
  from: string | undefined
  sources: readonly string[]
  target: string
  /** What is written instead of a file that is copied. */
  text: string | undefined
  mode: number | undefined
  owner: number | undefined
}>

/** A stage that is only copied together. */
export type Image = Readonly<{
  copies: readonly Copy[]
  environment: Readonly<Record<string, string>>
  user: number
  folder: string
  entrypoint: readonly string[]
  /** What the first stage is made from. */
  base: string
}>

type Instruction = Readonly<{ word: string; rest: string; text: string | undefined }>

/** Reads a stage of the repository's Dockerfile, the last one unless it is named; throws at what it does not know. */
export function imageOf(target?: string): Image {
  const instructions = instructionsIn(readFileSync(`${root}/Dockerfile`, 'utf8'))
  const isFrom = ({ word }: Instruction) => word === 'FROM'
  const start =
    target === undefined
      ? instructions.findLastIndex(isFrom)
      : instructions.findIndex((each) => isFrom(each) && each.rest.endsWith(` AS ${target}`))
  if (start < 0) throw new Error(`the Dockerfile has no stage ${target}`)
  const end = instructions.findIndex((each, at) => at > start && isFrom(each))
  const known = 'FROM COPY LABEL ENV WORKDIR USER EXPOSE ENTRYPOINT CMD'.split(' ')
  const stage = instructions.slice(start, end < 0 ? undefined : end)
  for (const { word } of stage)
    if (!known.includes(word)) throw new Error(`${word} in the stage is not understood`)
  const of = (word: string) => stage.filter((each) => each.word === word).map(({ rest }) => rest)
  return {
    copies: stage.filter(({ word }) => word === 'COPY').map(copyOf),
    environment: entriesOf(of('ENV')),
    user: Number(of('USER').at(-1)?.split(':')[0]),
    folder: of('WORKDIR').at(-1) ?? '/',
    entrypoint: JSON.parse(of('ENTRYPOINT').at(-1) ?? '[]'),
    base: instructions.find(({ word }) => word === 'FROM')?.rest.replace(/ AS .*$/, '') ?? '',
  }
}

function instructionsIn(text: string): readonly Instruction[] {
  const lines = text.replace(/\\\n\s*/g, '').split('\n')
  const found: Instruction[] = []
  for (let at = 0; at < lines.length; at++) {
    const [, word = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(lines[at] ?? '') ?? []
    if (word === '') continue
    const [, mark] = /<<(\w+)/.exec(rest) ?? []
    const end = mark === undefined ? at : lines.indexOf(mark, at)
    if (end < at) throw new Error(`${mark} has no end`)
    const inside = lines.slice(at + 1, end).map((line) => `${line}\n`)
    found.push({ word, rest, text: mark === undefined ? undefined : inside.join('') })
    at = end
  }
  return found
}

function copyOf({ rest, text }: Instruction): Copy {
  const words = rest.split(/\s+/)
  const flag = (name: string) =>
    words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
  const paths = words.filter((word) => !word.startsWith('--') && !word.startsWith('<<'))
  const [mode, owner] = [flag('chmod'), flag('chown')]
  return {
    from: flag('from'),
    sources: paths.slice(0, -1),
    target: paths.at(-1) ?? '/',
    text,
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    owner: owner === undefined ? undefined : Number.parseInt(owner, 10),
  }
}

function entriesOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => line.split(/\s+/)).map((each) => each.split('=') as [string, string]),
  )
}
