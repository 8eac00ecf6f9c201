import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [
      ...configDefaults.exclude,
      // npm run test:cluster: they need an API server and Helm, or copy an image of a quarter of a gigabyte.
      'test/{chart,cluster,image}/**',
      // npm run test:slow
      'test/e2e/**',
      'test/simulation/sweep.test.ts',
      'test/property/{laws,foretold}.test.ts',
    ],
    setupFiles: ['test/support/seed.ts'],
    // Who waits for a process leaves a core to others.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
