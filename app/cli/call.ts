import { parseArgs } from 'node:util';
import { demoCallers, demoClinic } from '../../embedded/demo.ts';
import { loadConfig } from '../config.ts';
import { PlacedCall } from '../demo/place-call.ts';
import { consoleAccount, sipAddress } from '../demo/running.ts';

const usage = `npm run call -- --from +1… [--to ${demoClinic.mainLine}] [--keys 2 | 2@3.5,0@9] [--law PCMU|PCMA] [--seconds 60]

Places a call into the running system as a carrier would, and tells it as it unfolds. Keys are pressed a second after the
first voice is heard, or so many seconds after the answer (@). Ctrl-C hangs up. Numbers to call from:
${demoCallers.map(({ number, who }) => `  ${number}  ${who}`).join('\n')}`;

/** `npm run call`: 0 when the call was answered. */
export async function run(args: string[]): Promise<number> {
  const config = loadConfig(process.env);
  let values: Partial<Record<'from' | 'to' | 'keys' | 'law' | 'seconds', string>>;
  try {
    const option = { type: 'string' } as const;
    ({ values } = parseArgs({
      args,
      options: { from: option, to: option, keys: option, law: option, seconds: option },
    }));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const { from, to = demoClinic.mainLine, keys = '', law = 'PCMU', seconds = '60' } = values;
  const dialable = /^[+\d*#]{2,20}$/;
  if (
    !from ||
    !/^[+\w.-]{1,32}$/.test(from) ||
    !dialable.test(to) ||
    (law !== 'PCMU' && law !== 'PCMA') ||
    !(Number(seconds) > 0)
  ) {
    console.error(usage);
    return 2;
  }
  const sip = sipAddress(config);
  const call = new PlacedCall(
    {
      from,
      to,
      keys,
      law,
      seconds: Number(seconds),
      via: `${sip.address}:${sip.port}`,
      console: consoleAccount(config),
    },
    (line) => console.log(line),
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void call.hangUp());
  return call.ended;
}
