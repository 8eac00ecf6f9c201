// Which test files are left to `npm run test:slow`, so that `npm test` answers within a minute: what starts the real program
// or ends it at every request in turn, the laws over whole histories, and what needs many servers, mutated answers, large contents or
// long texts.

/** Their patterns. */
export const slow = [
  'test/e2e/**/*.test.ts',
  'test/{fuzz,simulation}/*.test.ts',
  'test/mutation/compile.test.ts',
  'test/exchange/kept.test.ts',
  'test/property/{laws,foretold,policy,undo}.test.ts',
  'test/scenes/{allowed,doubt,edges,groups,held,hubs,large,leaks,lost}.test.ts',
  'test/scenes/{mailboxes,members,neighbours,places,proof,restored,undo,upgrade,verify,witness}.test.ts',
  'test/unit/{intake,linear,odd-files,shares,sign-in-ways,validate-laws}.test.ts',
  'test/unit/state-{binding,damage,erase,rekey,replace,vault}.test.ts',
]
