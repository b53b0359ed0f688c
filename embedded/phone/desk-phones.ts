import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { openSpeech } from '../../media/speech/speech.ts';
import { readWav } from '../media/audio/wav.ts';
import { report } from './report.ts';
import { RtpPort } from './rtp-port.ts';
import { answerSdp } from './sdp.ts';
import { sampleRate, sine } from './tone.ts';
import { type IncomingCall, UserAgent } from './user-agent.ts';

/*
 * Desk phones of the demonstration, all in one process: each registers with digest, rings, answers after a while, says
 * its sentence again and again, and hangs up when its talk is over. Told by CHARTLINE_PHONES (JSON, `PhonesSetting`);
 * prints one line of JSON an event; SIGTERM ends calls and registrations.
 */
export type PhonesSetting = {
  readonly registrar: { readonly address: string; readonly port: number };
  readonly domain: string;
  /** Where spoken sentences are cached. */
  readonly speechFolder: string;
  readonly phones: readonly {
    readonly extension: string;
    readonly secret: string;
    readonly answerAfterMs: number;
    /** What it says; null: a tone. */
    readonly says: string | null;
    /** Hangs up so long after answering; null: waits for the other side. */
    readonly talkMs: number | null;
  }[];
};
type Phone = PhonesSetting['phones'][number];

const registrationSeconds = 120;

async function main(): Promise<void> {
  const setting = JSON.parse(process.env.CHARTLINE_PHONES ?? '{"phones":[]}') as PhonesSetting;
  const speech = await openSpeech(setting.speechFolder);
  const stopping = new AbortController();
  const stops = await Promise.all(
    setting.phones.map(async (phone) => {
      const says = phone.says === null ? sine(440, 1_000) : await spoken(await speech.render(phone.says));
      return startPhone(setting, phone, says, stopping.signal);
    }),
  );
  await speech.close();
  report('ready', { ready: true, phones: setting.phones.length });
  const stop = async () => {
    stopping.abort();
    await Promise.allSettled(stops.map((each) => each()));
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());
}

/** A sentence, with two seconds to breathe after it. */
async function spoken(file: string): Promise<Int16Array> {
  const wav = readWav(await readFile(file));
  if (!wav || wav.rate !== sampleRate) throw new Error('the voice made no audio at 8 kHz');
  const withPause = new Int16Array(wav.samples.length + 2 * sampleRate);
  withPause.set(wav.samples);
  return withPause;
}

async function startPhone(
  { registrar, domain }: PhonesSetting,
  phone: Phone,
  says: Int16Array,
  stopping: AbortSignal,
): Promise<() => Promise<void>> {
  const { extension, secret } = phone;
  const agent = await UserAgent.open(registrar.address.startsWith('127.') ? '127.0.0.1' : '0.0.0.0');
  const calls = new Set<Promise<void>>();
  agent.onIncoming = (call) => {
    const running = take(call, phone, says, stopping).catch((error: unknown) => {
      report('failed', { extension, because: error instanceof Error ? error.message : String(error) });
      call.refuse(500, 'Server Internal Error');
    });
    calls.add(running);
    void running.finally(() => calls.delete(running));
  };
  const register = async (seconds: number) => {
    const status = await agent.register(registrar, domain, { user: extension, secret }, seconds);
    report(status === 200 ? 'registered' : 'registration-refused', { extension, status });
  };
  await register(registrationSeconds);
  const refresh = setInterval(
    () => {
      register(registrationSeconds).catch(() => report('registration-lost', { extension }));
    },
    (registrationSeconds / 2) * 1_000,
  );
  return async () => {
    clearInterval(refresh);
    await Promise.all(calls);
    await Promise.race([register(0), delay(1_000)]);
    await agent.close();
  };
}

async function take(call: IncomingCall, phone: Phone, says: Int16Array, stopping: AbortSignal): Promise<void> {
  const { extension } = phone;
  report('ringing', { extension, from: call.from });
  call.ring();
  if (!call.offer) {
    call.refuse(488, 'Not Acceptable Here');
    return;
  }
  try {
    await delay(phone.answerAfterMs, undefined, { signal: AbortSignal.any([call.cancelled, stopping]) });
  } catch {
    report('missed', { extension });
    if (!call.cancelled.aborted) call.refuse(480, 'Temporarily Unavailable');
    return;
  }
  const rtp = await RtpPort.open();
  try {
    const dialog = call.answer(answerSdp(rtp.address, rtp.port, call.offer));
    dialog.onMedia = (remote) => rtp.talkTo(remote);
    rtp.on('digit', (digit) => report('digit', { extension, digit }));
    rtp.play(says);
    rtp.talkTo(call.offer);
    report('answered', { extension });
    const quiet = new AbortController();
    rtp.hearsSpeech(AbortSignal.any([quiet.signal, AbortSignal.timeout(60_000)])).then(
      () => report('hears-caller', { extension }),
      () => {},
    );
    const talk = phone.talkMs === null ? [] : [delay(phone.talkMs, 'over' as const, { ref: false })];
    const stopped = new Promise<'over'>((resolve) => stopping.addEventListener('abort', () => resolve('over')));
    const end = await Promise.race([dialog.ended, stopped, ...talk]);
    quiet.abort();
    if (end === 'over') await dialog.hangUp();
    report('ended', { extension, by: end === 'peer' ? 'peer' : 'phone', packetsHeard: rtp.packetsHeard });
  } finally {
    rtp.close();
  }
}

await main();
