import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { CallToPlace } from './place-call.ts';

/** Where the running system takes calls, by the same settings that it was started with. */
export function sipAddress(config: Config): { address: string; port: number } {
  const address = config.CHARTLINE_SIP_HOST === '0.0.0.0' ? '127.0.0.1' : config.CHARTLINE_SIP_HOST;
  return { address, port: config.CHARTLINE_SIP_PORT };
}

/** The demonstration's login to watch calls with, null when the data folder has none: it is no demonstration. */
export function consoleAccount(config: Config): CallToPlace['console'] {
  const file = join(config.CHARTLINE_DATA, 'demo-logins.json');
  if (!existsSync(file)) return null;
  const { supervisor } = JSON.parse(readFileSync(file, 'utf8')) as { supervisor?: string };
  if (!supervisor) return null;
  const url = `http://${config.CHARTLINE_HTTP_HOST === '0.0.0.0' ? '127.0.0.1' : config.CHARTLINE_HTTP_HOST}:${config.CHARTLINE_HTTP_PORT}`;
  return { url, login: 'supervisor', password: supervisor };
}
