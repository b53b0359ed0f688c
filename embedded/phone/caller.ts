import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Law } from '../media/rtp/g711.ts';
import { report } from './report.ts';
import { RtpPort } from './rtp-port.ts';
import { composeSdp } from './sdp.ts';
import { loudness, sampleRate, sine } from './tone.ts';
import { UserAgent } from './user-agent.ts';

/*
 * A caller from a trunk, as a process: one real SIP call with RTP that hums, presses keys and listens. Prints one line
 * of JSON an event; SIGINT and SIGTERM hang up. Exit status 0 when the call was answered, 1 when not.
 *   --from +1…  --to +1…  --via 127.0.0.1:5060  [--name text] [--keys 2 | 2@3.5,#@9] [--law PCMU|PCMA] [--seconds 30]
 * A key without a moment is pressed one second after the first speech was heard; `@` gives seconds after the answer.
 */

const humHertz = 330;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      via: { type: 'string', default: '127.0.0.1:5060' },
      name: { type: 'string' },
      keys: { type: 'string', default: '' },
      law: { type: 'string', default: 'PCMU' },
      seconds: { type: 'string', default: '60' },
    },
  });
  const { from, to, via, keys, law } = values;
  if (!from || !to) throw new Error('--from and --to are needed');
  const at = via.lastIndexOf(':');
  const hangUp = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => hangUp.abort());

  const agent = await UserAgent.open();
  const rtp = await RtpPort.open();
  try {
    report('invite', { from, to });
    const result = await agent.call({
      from,
      to,
      ...(values.name ? { display: values.name } : {}),
      via: { address: via.slice(0, at), port: Number(via.slice(at + 1)) },
      headers: [['P-Asserted-Identity', `<sip:${from}@carrier.example>`]],
      sdp: composeSdp(rtp.address, rtp.port, [law as Law]),
      onProvisional: (status, reason) => report('provisional', { status, reason }),
      signal: hangUp.signal,
    });
    if (result.kind === 'refused') {
      report('refused', { status: result.status, reason: result.reason });
      return 1;
    }
    report('answered', { law: result.media.law });
    const over = new AbortController();
    result.dialog.onMedia = (remote) => rtp.talkTo(remote);
    rtp.play(sine(humHertz, 1_000, 1_200));
    rtp.talkTo(result.media);
    listen(rtp);
    void press(rtp, keys, over.signal);
    const stopped = new Promise<'us'>((resolve) => hangUp.signal.addEventListener('abort', () => resolve('us')));
    const limit = delay(Number(values.seconds) * 1_000, 'us' as const, { ref: false });
    const by = await Promise.race([result.dialog.ended, stopped, limit]);
    over.abort();
    if (by === 'us') await result.dialog.hangUp();
    report('ended', { by: by === 'us' ? 'caller' : 'clinic', packetsHeard: rtp.packetsHeard });
    return 0;
  } finally {
    rtp.close();
    await agent.close();
  }
}

const loudEnough = 400;
const beginsAfterMs = 100;
const endsAfterMs = 600;

/** Tells when a voice begins and when it has ended, as the caller hears it. */
function listen(rtp: RtpPort): void {
  let speaking = false;
  let sameMs = 0;
  rtp.on('audio', (frame) => {
    const frameMs = (frame.length * 1_000) / sampleRate;
    sameMs = loudness(frame) > loudEnough === speaking ? 0 : sameMs + frameMs;
    if (sameMs < (speaking ? endsAfterMs : beginsAfterMs)) return;
    speaking = !speaking;
    sameMs = 0;
    report(speaking ? 'hears-speech' : 'hears-silence');
  });
}

async function press(rtp: RtpPort, keys: string, over: AbortSignal): Promise<void> {
  const answeredAt = performance.now();
  try {
    for (const part of keys.split(',').filter((each) => each !== '')) {
      const [digits = '', seconds] = part.split('@');
      if (seconds === undefined) {
        await rtp.hearsSpeech(over);
        await delay(1_000, undefined, { signal: over });
      } else
        await delay(Math.max(0, answeredAt + Number(seconds) * 1_000 - performance.now()), undefined, { signal: over });
      rtp.press(digits);
      report('pressed', { keys: digits });
    }
  } catch {
    // the call is over
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    report('failed', { because: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  },
);
