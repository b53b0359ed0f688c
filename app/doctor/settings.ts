import type { Config } from '../config.ts';
import { bad, type Finding, ok, warn } from './finding.ts';

const loopback = /^(127\.|::1$|localhost$)/;

/** What the settings alone tell. */
export function checkSettings(config: Config): Finding[] {
  return [...secrets(config), ...exposure(config)];
}

// What drachtio-server and FreeSWITCH ship with; anybody knows them.
function secrets(config: Config): Finding[] {
  const servers = [
    { host: config.DRACHTIO_HOST, secret: config.DRACHTIO_SECRET, setting: 'DRACHTIO_SECRET', shipped: 'cymru' },
    {
      host: config.FREESWITCH_HOST,
      secret: config.FREESWITCH_SECRET,
      setting: 'FREESWITCH_SECRET',
      shipped: 'ClueCon',
    },
  ];
  return servers
    .filter(({ host }) => host)
    .map(({ secret, setting, shipped }) =>
      secret && secret !== shipped
        ? ok(`${setting} is its own`)
        : bad(`${setting} is ${secret ? 'the one the server ships with' : 'not set'}: choose another, there and here`),
    );
}

function exposure(config: Config): Finding[] {
  const plain = (['CHARTLINE_ESL_HOST', 'CHARTLINE_FORK_HOST'] as const)
    .filter((setting) => !loopback.test(config[setting]))
    .map((setting) => warn(`${setting} is ${config[setting]}: calls' audio crosses that network in the clear`));
  const web = loopback.test(config.CHARTLINE_HTTP_HOST)
    ? ok('the console is reached from this machine only')
    : bad(`CHARTLINE_HTTP_HOST is ${config.CHARTLINE_HTTP_HOST} without TLS: put a proxy with HTTPS before it`);
  return [web, ...plain];
}
