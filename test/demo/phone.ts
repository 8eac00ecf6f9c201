// A phone for `npm run demo -- --stay`: shows, and edits, a contact in one user's own folder.
//
//   npx node test/demo/phone.ts PORT USER NAME [FIELD=VALUE …]
import { castAt } from './cast.ts'
import { line } from './show.ts'

const usage = `Usage: npx node test/demo/phone.ts PORT USER NAME [FIELD=VALUE …]

  PORT         of the demo's Exchange; npm run demo -- --stay prints it
  USER         anna, jan, ewa, piotr, or marta for the public folder
  NAME         part of a contact's name, as in Źródłowska
  FIELD=VALUE  BusinessPhone, MobilePhone, JobTitle, CompanyName, Department, NickName, …`

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
process.exit()

async function main([port = '', name, part, ...edits]: readonly string[]): Promise<number> {
  const url = `http://127.0.0.1:${port}/EWS/Exchange.asmx`
  const users = /^\d+$/.test(port) ? Object.entries(castAt(url)) : []
  const user = users.find(([each]) => each === name)?.[1]
  if (user === undefined || part === undefined || edits.some((edit) => !/^\w+=/.test(edit))) {
    process.stderr.write(`${usage}\n`)
    return 1
  }
  const fields = edits.map((edit) => [edit.replace(/=.*$/s, ''), edit.replace(/^\w+=/, '')])
  const matches = ({ DisplayName = '' }) => DisplayName.toLowerCase().includes(part.toLowerCase())
  if (fields.length > 0) await user.edit(matches, Object.fromEntries(fields))
  const found = ((await user.entries()) ?? []).filter(({ card }) => matches(card))
  for (const { card } of found) {
    for (const [field, value] of Object.entries(card)) line(`${field.padEnd(16)} ${value}`)
    line()
  }
  if (found.length === 0) line(`${user.name} has nobody of that name`)
  return found.length === 0 ? 1 : 0
}
