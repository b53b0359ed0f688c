import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Config, loadConfig } from '../config.ts';
import { checkDatabase } from '../doctor/database.ts';
import { bad, type Finding, ok } from '../doctor/finding.ts';
import { checkMachine } from '../doctor/machine.ts';
import { checkSettings } from '../doctor/settings.ts';
import { portProblems } from '../supervisor/ports.ts';

/** Looks for what would hurt calls or patients, and says what to do about it. Exit code 1 when something is bad. */
export async function run(): Promise<number> {
  const config = loadConfig(process.env);
  const dataFolder = resolve(config.CHARTLINE_DATA);
  const findings = [
    ...(await checkRunning(config)),
    ...checkSettings(config),
    ...checkMachine(dataFolder),
    ...(await checkDatabase(config, await demoLogins(dataFolder))),
  ];
  const mark = { ok: 'ok  ', warn: 'warn', bad: 'BAD ' };
  for (const { level, text } of findings) console.log(`${mark[level]}  ${text}`);
  return findings.some(({ level }) => level === 'bad') ? 1 : 0;
}

/** A running system says itself whether it takes calls; for one that does not run, its ports must be free. */
async function checkRunning(config: Config): Promise<Finding[]> {
  const url = `http://${config.CHARTLINE_HTTP_HOST}:${config.CHARTLINE_HTTP_PORT}/readyz`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
  if (answer?.ok) return [ok('Chartline runs and takes calls')];
  if (answer?.status === 503) return [bad(`Chartline runs and cannot take calls; ask ${url}`)];
  const problems = await portProblems(config);
  return problems.length > 0 ? problems.map(bad) : [ok('Chartline does not run; its ports are free')];
}

async function demoLogins(dataFolder: string): Promise<Record<string, string>> {
  const text = await readFile(join(dataFolder, 'demo-logins.json'), 'utf8').catch(() => '{}');
  return JSON.parse(text) as Record<string, string>;
}
