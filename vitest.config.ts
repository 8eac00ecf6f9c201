import { configDefaults, defineConfig } from 'vitest/config'
import { slow } from './test/support/slow.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      // npm run test:cluster: they need an API server and Helm, or copy an image of a quarter of a gigabyte.
      'test/{chart,cluster,image}/**',
      // npm run test:clients: they download what they test with.
      'test/clients/**',
      ...slow,
    ],
    setupFiles: ['test/support/seed.ts', 'test/support/validated.ts'],
    // Who waits for a process leaves a core to others.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
