// Who may import whom (design.md §3). The parser does not tell type-only imports apart: what is shared is named by file,
// and cycles are left to Biome's noImportCycles, which does.
const domains = '^(sip|media|routing|ehr|recordings)/';
const shared = '^(sip/(address|ports)|media/ports|routing/types|ehr/types)[.]ts$';
const tests = '[.]test[.]ts$|^test/';
// A process of its own is its own composition root.
const entries = '^recordings/reader/|^app/main[.]ts$';

const onlyIn = (name, library, homes) => ({
  name,
  comment: `${library} is hidden behind one adapter`,
  severity: 'error',
  from: { pathNot: [...homes, tests] },
  to: { path: `(^|/)node_modules/${library}(/|$)` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-missing', severity: 'error', from: {}, to: { couldNotResolve: true, path: '^[.]' } },
    {
      name: 'domains-apart',
      comment: 'sip, media, routing, ehr and recordings know one another only by the shared types; app composes them',
      severity: 'error',
      from: { path: domains, pathNot: tests },
      to: { path: domains, pathNot: ['^$1/', shared] },
    },
    {
      name: 'domains-below-app',
      severity: 'error',
      from: { path: `${domains}|^db/`, pathNot: [tests, entries] },
      to: { path: '^(app|console)/', pathNot: '^app/(log|metrics|api-types|config)[.]ts$' },
    },
    {
      name: 'routing-is-pure',
      severity: 'error',
      from: { path: '^routing/', pathNot: tests },
      to: { pathNot: ['^routing/', shared, '(^|/)node_modules/(luxon|libphonenumber-js)/'] },
    },
    {
      name: 'stand-ins-apart',
      comment: 'nothing outside knows whether it talks to a stand-in; the supervisor names the demonstration',
      severity: 'error',
      from: { pathNot: ['^embedded/', tests] },
      to: { path: '^embedded/', pathNot: '^embedded/demo[.]ts$' },
    },
    {
      name: 'demonstration-by-supervisor',
      severity: 'error',
      from: { pathNot: ['^embedded/', '^app/(cli|supervisor)/', tests] },
      to: { path: '^embedded/demo[.]ts$' },
    },
    { name: 'tests-apart', severity: 'error', from: { pathNot: tests }, to: { path: tests } },
    {
      name: 'adapters-by-main',
      severity: 'error',
      from: { pathNot: ['^app/main[.]ts$', '^(sip/drachtio|media/freeswitch)[^/]*[.]ts$', tests] },
      to: { path: '^(sip/drachtio|media/freeswitch)[^/]*[.]ts$' },
    },
    {
      name: 'console-apart',
      comment: 'the console shares the shapes of the API with the server, nothing else',
      severity: 'error',
      from: { path: '^console/', pathNot: tests },
      to: { path: '^(app|sip|media|routing|ehr|recordings|db|embedded|test)/', pathNot: '^app/api-types[.]ts$' },
    },
    { name: 'console-is-built', severity: 'error', from: { pathNot: '^console/' }, to: { path: '^console/' } },
    {
      name: 'ships-without-dev-packages',
      severity: 'error',
      from: { path: `${domains}|^(app|db)/`, pathNot: [tests] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm'] },
    },
    onlyIn('pg-in-db', '(pg|node-pg-migrate)', ['^db/']),
    onlyIn('srf-in-one-adapter', 'drachtio-srf', [
      '^(sip/drachtio|media/(freeswitch|fsmrf))[^/]*[.]ts$', // fsmrf is opened on an Srf
      '^embedded/(sip|signaling)/',
    ]),
    onlyIn('fsmrf-in-one-adapter', 'drachtio-(fsmrf|modesl)', ['^media/(freeswitch|fsmrf)[^/]*[.]ts$']),
    onlyIn('fhir-client-in-ehr', 'fhir-kit-client', ['^ehr/']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    exclude: { path: '^(console/dist|data)/' },
  },
};
