import { configDefaults, defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // npm run test:cluster: they need an API server and Helm, or copy an image of a quarter of a gigabyte.
    exclude: [...configDefaults.exclude, 'test/{chart,cluster,image}/**'],
    setupFiles: ['test/support/seed.ts'],
    // Who waits for a process leaves a core to others.
    maxWorkers: '100%',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  },
})
