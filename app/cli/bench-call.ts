import { cpus } from 'node:os';
import { demoCallers, demoClinic } from '../../embedded/demo.ts';
import { type Config, loadConfig } from '../config.ts';
import { watchCalls } from '../console-client.ts';
import { startPart } from '../demo/part.ts';
import { consoleAccount, sipAddress } from '../demo/running.ts';
import { startSystem } from '../demo/system.ts';

type Moments = { readonly invitedAt: number; readonly ringingAt: number | null; readonly answeredAt: number | null };
type Measured = { readonly moments: Map<string, Moments>; readonly identifiedAt: Map<string, number> };

const levels = [
  { concurrent: 1, calls: 40, holdMs: 400 },
  { concurrent: 10, calls: 100, holdMs: 5_000 },
  { concurrent: 50, calls: 200, holdMs: 8_000 },
];

/**
 * `npm run bench:call`: from the INVITE sent to 180, to 200 and to the caller's identity on a screen's WebSocket, at 1, 10
 * and 50 calls up. Uses the running system, or starts one for the time of the measurement.
 */
export async function run(): Promise<number> {
  const config = loadConfig(process.env);
  const system = (await isUp(config)) ? null : startSystem(() => {});
  if (system && !(await system.ready)) return system.ended;
  try {
    console.log(
      `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), shared by system, callers and screen. Milliseconds.\n`,
    );
    console.log(
      '| calls up | calls | failed | what | p50 | p95 | p99 | max |\n| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |',
    );
    let failures = 0;
    for (const level of levels) failures += printLevel(level, await measure(config, level));
    return failures === 0 ? 0 : 1;
  } finally {
    await system?.stop();
  }
}

async function isUp(config: Config): Promise<boolean> {
  const account = consoleAccount(config);
  if (!account) return false;
  return fetch(`${account.url}/healthz`).then(
    (response) => response.ok,
    () => false,
  );
}

async function measure(config: Config, level: (typeof levels)[number]): Promise<Measured> {
  const account = consoleAccount(config);
  if (!account) throw new Error(`no demonstration logins in ${config.CHARTLINE_DATA}: the benchmark needs a screen`);
  const moments = new Map<string, Moments>();
  const identifiedAt = new Map<string, number>();
  const screen = await watchCalls(account.url, account, (message, at) => {
    if (message.kind !== 'call') return;
    const { callerName, match } = message.call;
    if (callerName && match && !identifiedAt.has(callerName)) identifiedAt.set(callerName, at);
  });
  const { address, port } = sipAddress(config);
  const settings = {
    numbers: demoCallers.map(({ number }) => number).join(),
    to: demoClinic.mainLine,
    via: `${address}:${port}`,
    name: `bench ${level.concurrent}`,
    concurrent: level.concurrent,
    calls: level.calls,
    hold: level.holdMs,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const callers = startPart('embedded/phone/bench-callers.ts', args, process.env, (event) => {
    if (event.event === 'call') moments.set(String(event.name), event as unknown as Moments);
  });
  await callers.ended;
  await screen.close();
  return { moments, identifiedAt };
}

/** Prints one level's rows; returns how many calls failed. */
function printLevel({ concurrent, calls }: (typeof levels)[number], { moments, identifiedAt }: Measured): number {
  const since = (at: (name: string, call: Moments) => number | null | undefined) =>
    [...moments].flatMap(([name, call]) => {
      const moment = at(name, call);
      return moment == null ? [] : [moment - call.invitedAt];
    });
  const measured = {
    'identity on the screen': since((name) => identifiedAt.get(name)),
    '180 Ringing': since((_, call) => call.ringingAt),
    '200 OK': since((_, call) => call.answeredAt),
  };
  const failed = calls - Math.min(...Object.values(measured).map((times) => times.length));
  for (const [what, times] of Object.entries(measured)) {
    const sorted = times.toSorted((a, b) => a - b);
    const quantile = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]?.toFixed(1) ?? '-';
    const row = [concurrent, calls, failed, what, quantile(0.5), quantile(0.95), quantile(0.99), quantile(1)];
    console.log(`| ${row.join(' | ')} |`);
  }
  return failed;
}
