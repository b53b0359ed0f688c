import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { watch } from 'node:fs';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Law } from '../../embedded/media/rtp/g711.ts';
import { RtpPort } from '../../embedded/phone/rtp-port.ts';
import { readSdp } from '../../embedded/phone/sdp.ts';
import { parseMessage, type SipMessage, type SipResponse } from '../../embedded/sip/message.ts';
import { freePort } from './free-port.ts';
import { Process } from './process.ts';
import { type TrunkCaller, trunkCallScenario } from './sipp-scenario.ts';

/*
 * A carrier's call by SIPp: the signalling is SIPp's own, so that our SIP stack is not tested against itself. The audio
 * goes to an RtpPort of ours, named in SIPp's SDP: what was heard can be measured, keys pressed when a test wants, and
 * no raw socket (SIPp's pcap playing needs root) is opened.
 */

export type TrunkCallOptions = TrunkCaller & {
  readonly dialled: string;
  /** In order of preference; default mu-law, then A-law. */
  readonly laws?: readonly Law[];
  /** CANCELs by itself at the first 180. */
  readonly cancelAtRinging?: boolean;
  /** Where the clinic listens. */
  readonly to: { readonly address: string; readonly port: number };
};

export type Traced = { readonly at: number; readonly sent: boolean; readonly message: SipMessage };

/** Places a call and returns while it is being set up. Whoever places it calls `close`. */
export async function placeTrunkCall(options: TrunkCallOptions): Promise<TrunkCall> {
  const rtp = await RtpPort.open('127.0.0.1');
  const folder = await mkdtemp(join(tmpdir(), 'chartline-sipp-'));
  const port = await freePort();
  const scenario = join(folder, 'call.xml');
  const trace = join(folder, 'messages.log');
  const media = { address: rtp.address, port: rtp.port };
  await writeFile(
    scenario,
    trunkCallScenario({ ...options, caller: options, laws: options.laws ?? ['PCMU', 'PCMA'], media }),
  );
  await writeFile(trace, '');
  const callId = `${randomUUID()}@carrier`;
  const { address, port: remotePort } = options.to;
  const args = [`${address}:${remotePort}`, '-sf', scenario, '-m', '1', '-i', '127.0.0.1', '-p', String(port)];
  args.push(
    '-t',
    'u1',
    '-nostdin',
    '-cid_str',
    callId,
    '-trace_msg',
    '-message_file',
    trace,
    '-recv_timeout',
    '180000',
  );
  // SIPp writes local time into its trace.
  const sipp = new Process('sipp', 'sipp', args, { cwd: folder, env: { ...process.env, TERM: 'dumb', TZ: 'UTC' } });
  return new TrunkCall({ sipp, rtp, folder, trace, port, callId });
}

export class TrunkCall {
  readonly rtp: RtpPort;
  readonly callId: string;
  readonly placedAt = new Date();
  readonly messages: Traced[] = [];
  readonly #sipp: Process;
  readonly #folder: string;
  readonly #port: number;
  readonly #changed = new EventTarget();
  #trace = '';
  /** SIPp has ended and its trace is read to the end. */
  #complete = false;

  constructor(parts: { sipp: Process; rtp: RtpPort; folder: string; trace: string; port: number; callId: string }) {
    this.rtp = parts.rtp;
    this.callId = parts.callId;
    this.#sipp = parts.sipp;
    this.#folder = parts.folder;
    this.#port = parts.port;
    void this.#follow(parts.trace);
  }

  /** Resolves with the first response to the INVITE that `wanted` takes; rejects when the call ends or time runs out first. */
  async response(wanted: (status: number) => boolean, timeoutMs = 15_000): Promise<SipResponse> {
    const { message } = await this.#until(
      ({ sent, message }) =>
        !sent && message.kind === 'response' && message.cseq.method === 'INVITE' && wanted(message.status),
      timeoutMs,
    );
    return message as SipResponse;
  }

  /** Resolves when the clinic has answered; from then on audio goes both ways. Rejects on a refusal. */
  async answered(timeoutMs = 15_000): Promise<SipResponse> {
    const response = await this.response((status) => status >= 200, timeoutMs);
    if (response.status >= 300) throw new Error(`refused: ${response.status} ${response.reason}`);
    const media = readSdp(response.body);
    if (!media) throw new Error(`no G.711 in the answer:\n${response.body}`);
    this.rtp.talkTo(media);
    return response;
  }

  /** Resolves with the status that refused the call. */
  async refused(timeoutMs = 15_000): Promise<number> {
    return (await this.response((status) => status >= 300, timeoutMs)).status;
  }

  /** Resolves when the clinic has hung up. */
  async hungUpByClinic(timeoutMs = 15_000): Promise<void> {
    await this.#until(
      ({ sent, message }) => !sent && message.kind === 'request' && message.method === 'BYE',
      timeoutMs,
    );
  }

  /** CANCELs before the answer, sends BYE after; resolves when SIPp has it all confirmed, rejects when it has not. */
  async hangUp(): Promise<void> {
    const socket = createSocket('udp4');
    const poke =
      `INFO sip:carrier@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK${randomUUID()}\r\n` +
      `From: <sip:test@127.0.0.1>;tag=t\r\nTo: <sip:carrier@127.0.0.1>\r\nCall-ID: ${this.callId}\r\n` +
      `CSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n`;
    await new Promise<void>((resolve) => socket.send(poke, this.#port, '127.0.0.1', () => resolve()));
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    const status = await this.#sipp.exited;
    if (status !== 0)
      throw new Error(`SIPp ended with ${status}:\n${this.ladder()}\n${this.#sipp.output.slice(-2000)}`);
  }

  /** The messages so far, one a line. */
  ladder(): string {
    return this.messages
      .map(({ at, sent, message }) => {
        const what = message.kind === 'request' ? message.method : `${message.status} ${message.reason}`;
        return `${new Date(at).toISOString()} ${sent ? '->' : '<-'} ${what} (${message.cseq.method})`;
      })
      .join('\n');
  }

  async close(): Promise<void> {
    await this.#sipp.stop();
    this.rtp.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #until(wanted: (traced: Traced) => boolean, timeoutMs: number): Promise<Traced> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (let read = 0; ; ) {
      for (; read < this.messages.length; read++)
        if (wanted(this.messages[read] as Traced)) return this.messages[read] as Traced;
      if (deadline.aborted) throw new Error(`not within ${timeoutMs} ms; so far:\n${this.ladder()}`);
      if (this.#complete) {
        throw new Error(`SIPp ended with ${this.#sipp.status}:\n${this.ladder()}\n${this.#sipp.output.slice(-2000)}`);
      }
      await new Promise<void>((resolve) => {
        const done = new AbortController();
        const wake = () => {
          done.abort();
          resolve();
        };
        this.#changed.addEventListener('change', wake, { signal: done.signal });
        deadline.addEventListener('abort', wake, { signal: done.signal });
      });
    }
  }

  /** Reads SIPp's message trace as it grows, and once more when SIPp has ended. */
  async #follow(path: string): Promise<void> {
    const file = await open(path, 'r');
    const grown = new EventTarget();
    let ended = false;
    const watcher = watch(path, () => grown.dispatchEvent(new Event('grown')));
    void this.#sipp.exited.then(() => {
      ended = true;
      grown.dispatchEvent(new Event('grown'));
    });
    for (;;) {
      const last = ended;
      const more = new Promise((resolve) => grown.addEventListener('grown', resolve, { once: true }));
      for (;;) {
        const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(65_536) });
        if (bytesRead === 0) break;
        this.#trace += buffer.toString('latin1', 0, bytesRead);
      }
      this.#parse();
      if (last) break;
      if (!ended) await more;
    }
    this.#complete = true;
    this.#changed.dispatchEvent(new Event('change'));
    watcher.close();
    await file.close();
  }

  #parse(): void {
    const head = /-{20,} (\S+ [\d:.]+)\n\w+ message (sent|received) \[?\(?(\d+)[^\n]*\n\n/;
    for (;;) {
      const found = head.exec(this.#trace);
      if (!found) return;
      const start = found.index + found[0].length;
      const length = Number(found[3]);
      if (this.#trace.length < start + length) return;
      const message = parseMessage(this.#trace.slice(start, start + length));
      this.#trace = this.#trace.slice(start + length);
      if (message.kind === 'malformed') continue;
      this.messages.push({
        at: Date.parse(`${(found[1] as string).replace(' ', 'T')}Z`),
        sent: found[2] === 'sent',
        message,
      });
      this.#changed.dispatchEvent(new Event('change'));
    }
  }
}
