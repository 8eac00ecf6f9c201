// Kerberos for the tests: the KDC and its tools out of Debian's packages, and the npm package kerberos, compiled with
// their headers. Nothing is installed on the machine.
import { cpSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { root } from '../../image/dockerfile.ts'
import { debian, type Obtained, obtained, out, type Packages } from '../install.ts'

const PACKAGES: Packages = {
  needed: ['krb5-kdc', 'krb5-admin-server', 'libkrb5-dev'],
  alone: [],
  // What the scripts of the packages need, which do not run.
  without:
    /^(bind9|e2fsprogs|logsave|libext2fs|libfstrm|libjemalloc|liblmdb|libmaxminddb|libprotobuf)|locales/,
}

/**
 * The tree of a file system with the KDC; the folder `npm` in it has `node_modules/kerberos`.
 * In continuous integration, throws when it cannot be had.
 */
export function kerberos(): Promise<Obtained> {
  return obtained('kerberos', async () => {
    const tree = await debian(PACKAGES)
    const files = ['package.json', 'package-lock.json'].map((name) =>
      join(root, 'image', 'kerberos', name),
    )
    const texts = files.map((file) => readFileSync(file, 'utf8'))
    const install = async (draft: string) => {
      await tree.install(draft)
      const npm = join(draft, 'npm')
      for (const file of files) cpSync(file, join(npm, basename(file)))
      await out('npm', ['ci', '--ignore-scripts', '--loglevel=error'], npm)
      const build = `CPLUS_INCLUDE_PATH="${join(draft, 'usr', 'include')}" npm_config_nodedir="${headers()}" npm run build`
      await out('sh', ['-c', build], npm)
    }
    return { key: [tree.key, process.version, ...texts].join('\n'), install }
  })
}

// Those of the Node that comes as a package, so that none are downloaded.
function headers(): string {
  const node = createRequire(import.meta.url).resolve('node/package.json')
  const own = `node-${process.platform}-${process.arch}/package.json`
  return dirname(createRequire(node).resolve(own))
}
