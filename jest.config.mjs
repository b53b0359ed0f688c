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
const project = (displayName, testMatch) => ({ ...common, displayName, testMatch });

export default {
  projects: [
    project('unit', ['<rootDir>/{app,sip,media,routing,ehr,recordings,embedded,db,console}/**/*.test.ts']),
    project('db', ['<rootDir>/test/db/**/*.test.ts']),
    project('ehr', ['<rootDir>/test/ehr/**/*.test.ts']),
    project('engine', ['<rootDir>/test/engine/**/*.test.ts']),
    project('recordings', ['<rootDir>/test/recordings/**/*.test.ts']),
    project('system', ['<rootDir>/test/system/**/*.test.ts']),
    project('calls', ['<rootDir>/test/calls/**/*.test.ts']),
    project('browser', ['<rootDir>/test/browser/**/*.test.ts']),
  ],
  testTimeout: 60_000,
};
