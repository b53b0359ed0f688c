import { createHash } from 'node:crypto';
import { RtpPort } from '../../embedded/phone/rtp-port.ts';
import { answerSdp } from '../../embedded/phone/sdp.ts';
import { sine } from '../../embedded/phone/tone.ts';
import { type IncomingCall, type RegisterAnswer, UserAgent } from '../../embedded/phone/user-agent.ts';
import { parseAuthorization } from '../../sip/digest.ts';
import type { Clinic } from './clinic.ts';
import { PhoneCall } from './raw-phone.ts';
import { until } from './until.ts';

/** The far end of a trunk that takes our calls: keeps each INVITE, and does with it what the test says. */
export class Carrier {
  readonly calls: IncomingCall[] = [];
  readonly talking: PhoneCall[] = [];
  /** 'silence': not a word. A status: that refusal. */
  does: 'answers' | 'rings' | 'silence' | number = 'answers';
  /** REGISTERs that it has taken: contact and seconds. */
  readonly registered: { readonly contact: string; readonly expires: number }[] = [];
  /** Digest credentials without which it takes no call. */
  asks: { readonly user: string; readonly secret: string; readonly realm: string } | null = null;
  readonly #agent: UserAgent;
  readonly #hertz: number;

  static async open(toneHertz = 880): Promise<Carrier> {
    return new Carrier(await UserAgent.open(), toneHertz);
  }

  private constructor(agent: UserAgent, hertz: number) {
    this.#agent = agent;
    this.#hertz = hertz;
    agent.onRegister = (headers) => this.#register(headers);
    agent.onIncoming = (call) => {
      this.calls.push(call);
      void this.#take(call);
    };
  }

  get uri(): string {
    return `sip:127.0.0.1:${this.#agent.port}`;
  }

  async nextCall(timeoutMs = 20_000): Promise<IncomingCall> {
    return until(() => this.calls.at(-1) ?? null, 'a call at the carrier', timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.talking.map((call) => call.close()));
    await this.#agent.close();
  }

  #register(headers: (name: string) => string | undefined): RegisterAnswer {
    if (this.does === 'silence' || typeof this.does === 'number')
      return { status: 503, reason: 'Service Unavailable', headers: [] };
    if (this.asks && !proves('REGISTER', headers('Authorization'), this.asks))
      return { status: 401, reason: 'Unauthorized', headers: [['WWW-Authenticate', challengeOf(this.asks)]] };
    const contact = headers('Contact') ?? '';
    const expires = Number(headers('Expires'));
    this.registered.push({ contact, expires });
    return {
      status: 200,
      reason: 'OK',
      headers: [['Contact', `${contact.replace(/;expires=.*$/, '')};expires=${Math.min(expires, 10)}`]],
    };
  }

  async #take(call: IncomingCall): Promise<void> {
    if (this.does === 'silence') return;
    if (typeof this.does === 'number') {
      call.refuse(this.does, 'Refused');
      return;
    }
    if (this.asks && !proves('INVITE', call.headers('Proxy-Authorization'), this.asks)) {
      call.refuse(407, 'Proxy Authentication Required', [['Proxy-Authenticate', challengeOf(this.asks)]]);
      return;
    }
    call.ring();
    if (this.does === 'rings' || !call.offer) return;
    const rtp = await RtpPort.open();
    rtp.play(sine(this.#hertz, 1_000));
    const dialog = call.answer(answerSdp(rtp.address, rtp.port, call.offer));
    rtp.talkTo(call.offer);
    this.talking.push(new PhoneCall(dialog, rtp));
  }
}

type Asks = NonNullable<Carrier['asks']>;

const nonce = '5f2a';
const challengeOf = ({ realm }: Asks) => `Digest realm="${realm}",nonce="${nonce}",algorithm=MD5,qop="auth"`;

/** RFC 7616 §3.4.1, with MD5 and qop=auth. */
function proves(method: string, header: string | undefined, { user, secret, realm }: Asks): boolean {
  const given = parseAuthorization(header ?? '');
  if (!given) return false;
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const ha2 = md5(`${method}:${given.get('uri')}`);
  const expected = md5(
    `${md5(`${user}:${realm}:${secret}`)}:${nonce}:${given.get('nc')}:${given.get('cnonce')}:auth:${ha2}`,
  );
  return given.get('response') === expected;
}

/** A trunk that sends our calls to `carrier`; resolves when the app calls by it. `more`: columns of the table. */
export async function openTrunk(
  clinic: Clinic,
  name: string,
  carrier: Carrier,
  more: Readonly<Record<string, string | number | boolean>> = {},
): Promise<void> {
  // A name of its own each time: the app has read this row once it reports on it.
  const trunk = `${name}-${carrier.uri.split(':').at(-1)}`;
  const row = { name: trunk, source: '{}', outbound_uri: carrier.uri, ...more };
  const columns = Object.keys(row);
  const places = columns.map((_, i) => `$${i + 1}`).join(', ');
  await clinic.rows(`insert into trunk (${columns.join(', ')}) values (${places})`, Object.values(row));
  await until(
    async () => ((await clinic.metric('chartline_trunk_up', `{trunk="${trunk}"}`)) === 1 ? true : null),
    `trunk ${name} to be up`,
    20_000,
  );
}
