import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { report } from './report.ts';
import { RtpPort } from './rtp-port.ts';
import { composeSdp } from './sdp.ts';
import { sine } from './tone.ts';
import { UserAgent } from './user-agent.ts';

/*
 * Callers for `npm run bench:call`, as a process: keeps so many calls up, a new one for each that ends, evenly spread in
 * time. Each has RTP both ways. The display name of a call is its key; one line of JSON a call tells its moments.
 */

async function main(): Promise<void> {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      numbers: option,
      to: option,
      via: option,
      name: option,
      concurrent: option,
      calls: option,
      hold: option,
    },
  });
  const numbers = (values.numbers ?? '').split(',');
  const via = { address: values.via?.split(':')[0] ?? '127.0.0.1', port: Number(values.via?.split(':')[1]) };
  const [concurrent, calls, holdMs] = [Number(values.concurrent), Number(values.calls), Number(values.hold)];
  const agent = await UserAgent.open();
  const running: Promise<void>[] = [];
  for (let i = 0; i < calls; i += 1) {
    const from = numbers[i % numbers.length] ?? '';
    running.push(placeOne(agent, { from, to: values.to ?? '', via, name: `${values.name} ${i}`, holdMs }));
    if (i < calls - 1) await delay(holdMs / concurrent);
    if (concurrent === 1) await running[i];
  }
  await Promise.all(running);
  await agent.close();
}

type BenchCall = { from: string; to: string; via: { address: string; port: number }; name: string; holdMs: number };

async function placeOne(agent: UserAgent, { from, to, via, name, holdMs }: BenchCall): Promise<void> {
  const rtp = await RtpPort.open();
  const now = () => performance.timeOrigin + performance.now();
  let ringingAt: number | null = null;
  const invitedAt = now();
  try {
    const result = await agent.call({
      from,
      to,
      display: name,
      via,
      sdp: composeSdp(rtp.address, rtp.port, ['PCMU']),
      onProvisional: (status) => {
        if (status === 180) ringingAt ??= now();
      },
    });
    const answeredAt = now();
    if (result.kind === 'refused') {
      report('call', { name, invitedAt, ringingAt, answeredAt: null, status: result.status });
      return;
    }
    rtp.play(sine(330, 1_000, 1_200));
    rtp.talkTo(result.media);
    await Promise.race([result.dialog.ended, delay(holdMs)]);
    report('call', { name, invitedAt, ringingAt, answeredAt, status: 200, packetsHeard: rtp.packetsHeard });
    await result.dialog.hangUp();
  } catch {
    report('call', { name, invitedAt, ringingAt, answeredAt: null, status: 0 });
  } finally {
    rtp.close();
  }
}

await main();
