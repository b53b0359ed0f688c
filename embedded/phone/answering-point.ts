import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../app/config.ts';
import { openSpeech, type Speech } from '../../media/speech/speech.ts';
import { readWav } from '../media/audio/wav.ts';
import { RtpPort } from './rtp-port.ts';
import { answerSdp } from './sdp.ts';
import { type IncomingCall, UserAgent } from './user-agent.ts';

/*
 * The demonstration's answering point, as a process: takes 911 and 933 and reads back what came with the call, as the
 * carriers' test number does. One JSON line on stdout when it listens; SIGTERM ends it. Nobody comes to help.
 */

const mostTalkMs = 120_000;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const speech = await openSpeech(join(config.CHARTLINE_DATA, 'prompts'));
  const agent = await UserAgent.open('127.0.0.1', config.EMBEDDED_EMERGENCY_PORT);
  agent.onIncoming = (call) => {
    take(call, speech).catch((error: unknown) => {
      console.error('answering point:', error instanceof Error ? error.message : error);
      call.refuse(500, 'Server Internal Error');
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void Promise.all([agent.close(), speech.close()]).then(() => process.exit(0)));
  console.log(JSON.stringify({ ready: true, port: agent.port }));
}

async function take(call: IncomingCall, speech: Speech): Promise<void> {
  if (!/^9(11|33)$/.test(call.dialled) || !call.offer) {
    call.refuse(call.offer ? 404 : 488, call.offer ? 'Not Found' : 'Not Acceptable Here');
    return;
  }
  const rtp = await RtpPort.open();
  try {
    const dialog = call.answer(answerSdp(rtp.address, rtp.port, call.offer));
    dialog.onMedia = (remote) => rtp.talkTo(remote);
    rtp.talkTo(call.offer);
    const late = setTimeout(() => void dialog.hangUp(), mostTalkMs);
    const wav = readWav(await readFile(await speech.render(readBack(call))));
    if (wav) rtp.play(wav.samples);
    await dialog.ended;
    clearTimeout(late);
  } finally {
    rtp.close();
  }
}

/** The callback number digit by digit, and the address of the PIDF-LO. */
export function readBack({ from, body }: Pick<IncomingCall, 'from' | 'body'>): string {
  const number = /sip:\+?(\d+)@/.exec(from)?.[1];
  const part = (name: string) => new RegExp(`<ca:${name}>([^<]*)<`).exec(body)?.[1]?.replace(/&amp;/g, 'and');
  const [floor, room] = [part('FLR'), part('ROOM')];
  const address = [
    [part('HNO'), part('RD')].filter(Boolean).join(' '),
    floor && `floor ${floor}`,
    room && `room ${room}`,
    [part('A3'), part('A1')].filter(Boolean).join(' '),
  ].filter(Boolean);
  return [
    'This is the answering point of the demonstration. No emergency service hears you.',
    number ? `Your callback number is ${[...number].join(' ')}.` : 'Your call had no callback number.',
    address.length > 0 ? `Your location is ${address.join(', ')}.` : 'Your call had no location.',
  ].join(' ');
}

if (import.meta.main) await main();
