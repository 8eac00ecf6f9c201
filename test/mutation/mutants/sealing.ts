// The state at rest: what seals, what binds, who may read, how a key is changed, and what reaches a terminal.
import { mutantsOf } from '../mutant.ts'

export const sealing = [
  ...mutantsOf('controller/store/encryption.ts', [
    [
      'unbound',
      'a sealed value opens in its own row and column only',
      `Buffer.from(JSON.stringify(at))`,
      `Buffer.from(JSON.stringify(at.length > 99))`,
    ],
    [
      'salt-ignored',
      'a sealed value opens in its own state only',
      `derived(key, 'seal bound', Buffer.from(salt, 'base64'))`,
      `derived(key, 'seal bound')`,
    ],
  ]),
  ...mutantsOf('controller/store/spots.ts', [
    [
      'copy-of-anyone',
      'what a copy shows is bound to whose it is',
      `String(id), String(replica), String(item)]`,
      `String(id), String(item)]`,
    ],
    [
      'bin-of-anyone',
      'what is in the bin is bound to whose version it was',
      `[grp, link, replica, reason, fields].map(`,
      `[grp, link, reason, fields].map(`,
    ],
    [
      'prints-stay',
      'after a change of keys what was kept before is the same loss',
      `const print = change.print(String(row.print))`,
      `const print = String(row.print)`,
    ],
  ]),
  ...mutantsOf('controller/store/changes.ts', [
    [
      'renamed-unsealed',
      'a replica that is renamed keeps what its copies show',
      `vault.seal(before, shownSpot(group, id, to, item))`,
      `vault.seal(before, shownSpot(group, id, from, item))`,
    ],
  ]),
  ...mutantsOf('controller/store/proof.ts', [
    [
      'mark-of-anyone',
      'the mark of a change of keys counts for that change only',
      `if (said?.after !== digestOf(proof))`,
      `if (said?.after === '')`,
    ],
  ]),
  ...mutantsOf('controller/store/seal.ts', [
    [
      'rekey-not-told',
      'while a change of keys is cut short no command goes on with one key',
      `if (next !== undefined && isBound(proof))`,
      `if (next !== undefined && isBound(proof) && key === undefined)`,
    ],
    [
      'half-sealed-unread',
      'who only reads understands a state that is half bound',
      `return next === undefined ? now.vault : either(changeOf(now.vault, next.vault))`,
      `return next === undefined ? now.vault : next.vault`,
    ],
  ]),
  ...mutantsOf('controller/store/carry.ts', [
    [
      'carried-out-of-step',
      'a batch and how far it reached are written together',
      `const rows = statements.transaction(false, () => batch(statements, change))`,
      `const rows = batch(statements, change)`,
    ],
    [
      'begun-twice',
      'a change of keys that was cut short keeps its mark',
      `if (begun) return`,
      `if (begun) statements.sql('UPDATE vault SET reached = NULL').run()`,
    ],
    [
      'left-in-file',
      'nothing that the old key opens is left in the file',
      `const left = isBound(next.proof) && (isPlain(now.proof) || isBound(now.proof))`,
      `const left = isBound(next.proof) && isPlain(now.proof) && isPlain(next.proof)`,
    ],
  ]),
  ...mutantsOf('controller/store/bin.ts', [
    [
      'one-damaged-hides-all',
      'a thing in the bin that does not open hides no others',
      `    if (!(error instanceof SyncError)) throw error
    return { ...labelOf(row)`,
      `    if (error) throw error
    return { ...labelOf(row)`,
    ],
  ]),
  ...mutantsOf('controller/store/modes.ts', [
    [
      'key-of-everybody',
      'a key that everybody may read is refused',
      `if (mode !== undefined && (mode & othersBits) !== 0) {`,
      `if (mode !== undefined && mode === 0) {`,
    ],
    [
      'key-of-group-refused',
      'a key that a pod’s group may read is none that everybody may',
      `const [othersBits, accessBits, ownersFile] = [0o007,`,
      `const [othersBits, accessBits, ownersFile] = [0o077,`,
    ],
    [
      'files-of-everybody',
      'a state that others may read is tightened',
      `chmodSync(path, to)`,
      `statSync(path)`,
    ],
  ]),
  ...mutantsOf('controller/ews/connections.ts', [
    [
      'old-account-stays-open',
      'connections of an account that is not declared any more are closed',
      `this.#open.get(before.connection)?.transport.retire()`,
      ``,
    ],
  ]),
  ...mutantsOf('controller/ews/in-use.ts', [
    [
      'closed-under-way',
      'what is under way with an old account ends first',
      `if (this.#retired && this.#tasks === 0)`,
      `if (this.#retired)`,
    ],
    [
      'old-account-goes-on',
      'nothing begins with an account that is not declared any more',
      `if (!this.#retired) return`,
      `if (!this.#retired || this.#tasks >= 0) return`,
    ],
  ]),
  ...mutantsOf('controller/cli/output.ts', [
    [
      'line-steers',
      'what comes from elsewhere steers no terminal',
      `as === 'lines' ? printableLines(text) : printable(text)`,
      `as === 'lines' ? printableLines(text) : text`,
    ],
    [
      'yaml-inexact',
      'what is shown as YAML is read back as it was',
      `if (odd) node.type = Scalar.QUOTE_DOUBLE`,
      `if (odd && node.value === '') node.type = Scalar.QUOTE_DOUBLE`,
    ],
  ]),
  ...mutantsOf('controller/cli/plan.ts', [
    [
      'plan-names',
      'names of items are in a table only, never in JSON or a comment',
      `showing.names === true && (form === 'table' || form === 'wide')`,
      `showing.names === true`,
    ],
  ]),
  ...mutantsOf('controller/cli/plan/markdown.ts', [
    [
      'comment-fence',
      'a text from outside does not end its code span',
      `Math.max(most, length), 0) + 1`,
      `Math.min(most, length), 0) + 1`,
    ],
    [
      'comment-address',
      'an address that no declaration names is shown without its local part',
      `declared.has(folded(whole.replace(`,
      `!declared.has(folded(whole.replace(`,
    ],
  ]),
  ...mutantsOf('controller/cli/plan/against.ts', [
    [
      'proposed-host',
      'credentials go to no proposed host that the user did not name',
      `if (odd === undefined || hosts.length > 0) return`,
      `if (odd === undefined || hosts.length >= 0) return`,
    ],
  ]),
  ...mutantsOf('controller/telemetry/log.ts', [
    [
      'log-steers',
      'what comes from elsewhere steers no terminal that shows a log',
      `\`\${printable(line.trimEnd())}\\n\``,
      `line`,
    ],
  ]),
  ...mutantsOf('controller/telemetry/libraries.ts', [
    [
      'library-text',
      'what a library says may look like a place in the code',
      `stack.startsWith(head) ? head.length : stack.lastIndexOf(message) + message.length`,
      `0`,
    ],
  ]),
  ...mutantsOf('controller/store/replace.ts', [
    [
      'old-cursors-believed',
      'a state that was put back lists every folder whole',
      `UPDATE replicas SET relist = 1`,
      `UPDATE replicas SET relist = relist`,
    ],
    [
      'old-wishes-kept',
      'what was wanted back in an old state may have come back since',
      `result = 'Cancelled' WHERE done_ms IS NULL",`,
      `result = 'Cancelled' WHERE done_ms IS NULL AND bin < 0",`,
    ],
    [
      'log-stays',
      'no log of a damaged state is played into the one that takes its place',
      `if (held === undefined) removeLogs(state, step)`,
      `if (held !== undefined) removeLogs(state, step)`,
    ],
    [
      'damaged-not-emptied',
      'a damaged state is refused until the new one is in its place',
      `  truncateSync(state)`,
      `  if (!existsSync(state)) truncateSync(state)`,
    ],
  ]),
  ...mutantsOf('controller/store/erase.ts', [
    [
      'erased-stays-in-file',
      'what was erased is purged from the file, by the next start if need be',
      `VALUES (1, ?, 0) ON CONFLICT (one) DO UPDATE SET clean = 0`,
      `VALUES (1, ?, 1) ON CONFLICT (one) DO UPDATE SET clean = 1`,
    ],
    [
      'wanted-erased',
      'what is wanted back is not erased',
      `if (pending !== undefined) throw`,
      `if (pending === 0) throw`,
    ],
    [
      'conflicts-not-erased',
      'conflicts and the journal forget with the bin',
      `for (const table of ['conflicts', 'journal'])`,
      `for (const table of ['conflicts'])`,
    ],
  ]),
]
