import { demoCallers, demoClinic } from '../../embedded/demo.ts';
import type { Config } from '../config.ts';
import type { DemoSecrets } from './demo-seed.ts';

/** What a newcomer needs once everything is up. `demo` null: the database is the clinic's own. */
export function readyTable(config: Config, seconds: number, dataFolder: string, demo: DemoSecrets | null): string {
  const console = `http://${config.CHARTLINE_HTTP_HOST}:${config.CHARTLINE_HTTP_PORT}`;
  const sip = config.DRACHTIO_HOST
    ? `drachtio-server at ${config.DRACHTIO_HOST}`
    : `${config.CHARTLINE_SIP_HOST}:${config.CHARTLINE_SIP_PORT} (UDP and TCP)`;
  const facts = columns([
    ['SIP', sip],
    ['Console and API', console],
    ['EHR', config.FHIR_BASE_URL ?? `http://127.0.0.1:${config.EMBEDDED_EHR_PORT}/fhir/R4 (demonstration)`],
    ['Data and logs', dataFolder],
  ]);
  const parts = [`Chartline is ready after ${seconds.toFixed(1)} s`, facts];
  if (demo) parts.push(phones(demo), logins(demo), callers());
  return `\n${parts.join('\n\n')}\n\nCtrl-C stops all of it.\n`;
}

function phones({ extensions }: DemoSecrets): string {
  const rows = demoClinic.staff.map(({ extension, name }) => [extension, extensions[extension], name]);
  return columns([['Extension', 'Secret', 'Desk phone of'], ...rows]);
}

function logins({ logins }: DemoSecrets): string {
  const rows = demoClinic.logins.map(({ login, name, role }) => [login, logins[login], `${name} (${role})`]);
  return columns([['Login', 'Password', 'To the console as'], ...rows]);
}

function callers(): string {
  const rows = demoCallers.map(({ number, who }) => [`npm run call -- --from ${number}`, who]);
  return `Call ${demoClinic.mainLine} from\n${columns(rows)}`;
}

/** Cells padded to their column, two blanks in front of each row. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, column) => Math.max(known[column] ?? 0, cell.length)),
    [],
  );
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}`,
    )
    .join('\n');
}
