// Each suite is a jest project so that `npm test -- --selectProjects unit` runs one alone.
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/data/', '<rootDir>/console/dist/'],
};
// One Postgres a run (jest runs the same setup file once), started only when a suite that needs it is selected.
const postgres = {
  globalSetup: '<rootDir>/test/support/postgres-setup.mjs',
  globalTeardown: '<rootDir>/test/support/postgres-teardown.mjs',
};
const suite = (name) => ({
  ...common,
  ...postgres,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
});

export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{app,sip,media,routing,ehr,recordings,embedded,db,console}/**/*.test.ts'],
    },
    ...['db', 'ehr', 'engine', 'recordings', 'system', 'calls', 'chaos', 'browser'].map(suite),
  ],
  testTimeout: 60_000,
  // Most suites wait for calls rather than compute: one worker would leave a two-core machine idle.
  maxWorkers: 2,
};
