import { defineConfig } from 'vitest/config';

// Real-engine tests (e2e, the docker side of contract) share one engine and two cores: one file at a time.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/simulation/**/*.test.ts'],
          setupFiles: ['test/support/property-seed.ts'],
          // Properties and simulated hours: how long they take says how busy the machine is, and nothing about the code.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'contract',
          setupFiles: ['test/support/property-seed.ts'],
          include: ['test/contract/**/*.test.ts', 'test/integration/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
