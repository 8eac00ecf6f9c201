// Checks the version of Node and ends with a message, before anything is loaded that an older one cannot read. Plain JavaScript, so
// that any Node with modules gets this far. package.json has the required version, that of the most demanding of these:
// undici (22.19), TypeScript without a flag (22.18), SQLite without a flag (22.13) that binds ?1 by place (22.20, 24.7).
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const numbersOf = (version) => version.split('.').map(Number)

// Of the forms of a range those that package.json uses: ^1.2.3 and >=1.2.3, with || between.
function meets(version, range) {
  const [major, minor, patch] = numbersOf(version)
  return range.split('||').some((text) => {
    const [, sign, least] = /^\s*(\^|>=)(\d+\.\d+\.\d+)\s*$/.exec(text) || []
    if (least === undefined) throw new Error(`engines of package.json: ${text} is not understood`)
    const [a, b, c] = numbersOf(least)
    if (major !== a) return major > a && sign === '>='
    return minor > b || (minor === b && patch >= c)
  })
}

if (!meets(process.versions.node, engines.node)) {
  console.error(
    `exsync: needs Node ${engines.node}, but this is ${process.version} (${process.execPath}): install a newer one, or run the image`,
  )
  process.exit(1)
}
