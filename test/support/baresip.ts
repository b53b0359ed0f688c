import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWav, wavHeader } from '../../embedded/media/audio/wav.ts';
import { sampleRate, sine } from '../../embedded/phone/tone.ts';
import { freePort } from './free-port.ts';
import { Process } from './process.ts';

/*
 * A desk phone by baresip: registers with digest, answers when told, speaks a tone, keeps what it hears. Driven over
 * its ctrl_tcp module (JSON in netstrings); its sndfile filter writes what it heard into a file a call.
 */

export type DeskPhoneOptions = {
  readonly extension: string;
  readonly secret: string;
  /** Domain of the address of record. */
  readonly domain: string;
  readonly registrar: { readonly address: string; readonly port: number };
  readonly transport?: 'udp' | 'tcp';
  /** What it says, Hz. */
  readonly toneHertz: number;
  readonly laws?: readonly ('PCMU' | 'PCMA')[];
};

export type PhoneEvent = {
  readonly type: string;
  readonly peeruri?: string;
  readonly param?: string;
  readonly id?: string;
};

/** Starts a phone that begins to register. Whoever starts it closes it. */
export async function startDeskPhone(options: DeskPhoneOptions): Promise<DeskPhone> {
  const folder = await mkdtemp(join(tmpdir(), 'chartline-baresip-'));
  const samples = sine(options.toneHertz, 60_000);
  const data = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  await writeFile(join(folder, 'tone.wav'), Buffer.concat([wavHeader(sampleRate, 1, data.length), data]));
  await writeFile(join(folder, 'accounts'), account(options));
  await writeFile(join(folder, 'contacts'), '');
  for (let attempt = 1; ; attempt += 1) {
    const control = await freePort();
    await writeFile(join(folder, 'config'), config(folder, await freePort(), control));
    const baresip = new Process('baresip', 'baresip', ['-f', folder], { cwd: folder });
    try {
      await baresip.prints(/baresip is ready/, 10_000);
      return new DeskPhone(options.extension, options.domain, baresip, await connected(control), folder);
    } catch (error) {
      // It takes the port above its SIP port too (TLS), which may be somebody else's.
      if ((await baresip.stop()) !== addressInUse || attempt === 5) throw error;
    }
  }
}

const addressInUse = 98;

function config(folder: string, sip: number, control: number): string {
  const modules = ['g711', 'aufile', 'aubridge', 'sndfile', 'uuid', 'account', 'menu', 'ctrl_tcp'];
  const kinds: Record<string, string> = {
    uuid: 'module_tmp',
    account: 'module_tmp',
    menu: 'module_app',
    ctrl_tcp: 'module_app',
  };
  return [
    'poll_method epoll',
    `sip_listen 127.0.0.1:${sip}`,
    'sip_trans_def udp',
    'call_local_timeout 120',
    'call_max_calls 4',
    // aubridge swallows what is heard: no sound card is needed.
    'audio_player aubridge,ear',
    `audio_source aufile,${folder}/tone.wav`,
    'audio_alert aubridge,bell',
    'ring_aufile none',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    'ausrc_channels 1',
    'auplay_channels 1',
    'audio_buffer 20-160',
    'jitter_buffer_delay 1-5',
    'rtp_tos 184',
    'rtp_ports 40000-59998',
    'module_path /usr/lib/baresip/modules',
    ...modules.map((name) => `${kinds[name] ?? 'module'} ${name}.so`),
    `ctrl_tcp_listen 127.0.0.1:${control}`,
    `snd_path ${folder}`,
    '',
  ].join('\n');
}

function account({
  extension,
  secret,
  domain,
  registrar,
  transport = 'udp',
  laws = ['PCMU', 'PCMA'],
}: DeskPhoneOptions): string {
  const codecs = laws.map((law) => `${law}/8000/1`).join(',');
  return (
    `<sip:${extension}@${domain};transport=${transport}>;auth_user=${extension};auth_pass=${secret}` +
    `;outbound="sip:${registrar.address}:${registrar.port};transport=${transport}"` +
    `;regint=120;answermode=manual;audio_codecs=${codecs};dtmfmode=rtpevent\n`
  );
}

async function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket)).on('error', reject);
  });
}

export class DeskPhone {
  readonly extension: string;
  readonly events: PhoneEvent[] = [];
  readonly #domain: string;
  readonly #baresip: Process;
  readonly #socket: Socket;
  readonly #folder: string;
  readonly #changed = new EventTarget();
  #read = Buffer.alloc(0);
  #seen = 0;

  constructor(extension: string, domain: string, baresip: Process, socket: Socket, folder: string) {
    this.extension = extension;
    this.#baresip = baresip;
    this.#socket = socket;
    this.#folder = folder;
    this.#domain = domain;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', () => {});
    socket.on('close', () => this.#changed.dispatchEvent(new Event('change')));
  }

  /** Resolves when the registrar has accepted it; rejects when it was refused. */
  async registered(): Promise<void> {
    // Events from before the control connection are not told, but printed.
    await this.#baresip.prints(/(?:200 OK|\(200\)|successfully registered|401|403|404|Forbidden)/i, 10_000);
    if (!/200 OK|successfully/i.test(this.#baresip.output)) throw new Error(`not registered:\n${this.#baresip.output}`);
  }

  /** Resolves when it is being called, with the caller's URI. */
  async rings(timeoutMs = 20_000): Promise<string> {
    return (await this.#next(['CALL_INCOMING'], timeoutMs)).peeruri ?? '';
  }

  async answers(): Promise<void> {
    this.#command('accept');
    await this.#next(['CALL_ESTABLISHED'], 10_000);
  }

  async dials(number: string): Promise<void> {
    this.#command('dial', number);
    await this.#next(['CALL_ESTABLISHED'], 20_000);
  }

  /** Hangs up, or refuses a call that rings. */
  async hangsUp(): Promise<void> {
    this.#command('hangup');
    await this.#next(['CALL_CLOSED'], 10_000);
  }

  /** Resolves when the other side has ended the call, or stopped its ringing. */
  async isReleased(timeoutMs = 15_000): Promise<void> {
    await this.#next(['CALL_CLOSED'], timeoutMs);
  }

  async holds(): Promise<void> {
    this.#command('hold');
  }

  async resumes(): Promise<void> {
    this.#command('resume');
  }

  /** Blind (REFER). */
  async transfers(to: string): Promise<void> {
    this.#command('transfer', `sip:${to}@${this.#domain}`);
  }

  /** Resolves when the phone was told that its transfer has failed. */
  async transferFails(timeoutMs = 40_000): Promise<void> {
    await this.#next(['TRANSFER_FAILED', 'CALL_TRANSFER_FAILED'], timeoutMs);
  }

  presses(digit: string): void {
    this.#command(digit);
  }

  /** Everything the last call heard, 8 kHz; complete once the call has ended. */
  async heard(): Promise<Int16Array> {
    const files = (await readdir(this.#folder)).filter((name) => /^dump-.*-dec\.wav$/.test(name)).sort();
    const last = files.at(-1);
    if (!last) return new Int16Array();
    return readWav(await readFile(join(this.#folder, last)))?.samples ?? new Int16Array();
  }

  get output(): string {
    return this.#baresip.output;
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.#baresip.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params });
    this.#socket.write(`${text.length}:${text},`);
  }

  async #next(types: readonly string[], timeoutMs: number): Promise<PhoneEvent> {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      while (this.#seen < this.events.length) {
        const event = this.events[this.#seen++] as PhoneEvent;
        if (types.includes(event.type)) return event;
      }
      if (deadline.aborted || this.#socket.destroyed) {
        const story = this.events.map(({ type, param }) => `${type} ${param ?? ''}`).join('\n');
        throw new Error(`extension ${this.extension}: no ${types} within ${timeoutMs} ms; so far:\n${story}`);
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

  #receive(chunk: Buffer): void {
    this.#read = Buffer.concat([this.#read, chunk]);
    for (;;) {
      const colon = this.#read.indexOf(':');
      const length = Number(this.#read.toString('latin1', 0, Math.max(0, colon)));
      if (colon < 0 || this.#read.length < colon + 1 + length + 1) return;
      const message = JSON.parse(this.#read.toString('utf8', colon + 1, colon + 1 + length)) as PhoneEvent & {
        event?: boolean;
      };
      this.#read = this.#read.subarray(colon + 1 + length + 1);
      if (!message.event) continue;
      this.events.push(message);
      this.#changed.dispatchEvent(new Event('change'));
    }
  }
}
