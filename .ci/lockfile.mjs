// Completes package-lock.json after `npm install`, which leaves out optional packages of other platforms when the
// registry at hand lacks them (npm/cli#4828); `npm ci` then refuses the lockfile. Each missing one gets an entry with its
// pinned version and the platform that its name tells, without integrity: it is never fetched on a platform we test.
// `--check`: only says what is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const places = Object.keys(lock.packages);
const missing = new Map();
for (const [, { optionalDependencies = {}, dev }] of Object.entries(lock.packages))
  for (const [name, version] of Object.entries(optionalDependencies))
    if (!places.some((place) => place.endsWith(`node_modules/${name}`))) missing.set(name, { version, dev });

if (process.argv.includes('--check')) {
  if (missing.size > 0)
    console.error(`package-lock.json lacks ${[...missing.keys()].join(', ')}: node .ci/lockfile.mjs`);
  process.exit(missing.size > 0 ? 1 : 0);
}
for (const [name, { version, dev }] of missing) {
  if (!/^\d+\.\d+\.\d+[\w.-]*$/.test(version)) throw new Error(`${name}@${version}: not an exact version`);
  const words = name.split(/[/-]/);
  const os = words.find((word) => /^(android|darwin|freebsd|openharmony|win32|linux)$/.test(word));
  const cpu = words.find((word) => /^(x64|arm64|arm|ia32|ppc64|riscv64|s390x|loong64)$/.test(word));
  if (!os || !cpu) throw new Error(`${name}: its name tells no platform`);
  const libc = os !== 'linux' ? undefined : [words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'];
  lock.packages[`node_modules/${name}`] = {
    version,
    cpu: [cpu],
    ...(dev && { dev }),
    ...(libc && { libc }),
    optional: true,
    os: [os],
  };
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${missing.size} entries completed`);
