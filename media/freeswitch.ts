import Mrf from 'drachtio-fsmrf';
import type Srf from 'drachtio-srf';
import { MediaFailure, within } from './errors.ts';
import { FreeswitchEndpoint } from './freeswitch-endpoint.ts';
import { mediaServerReady } from './freeswitch-ready.ts';
import type { MediaServer } from './ports.ts';

export type FreeswitchOptions = {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Where the media server connects back, one event socket an endpoint. */
  readonly listenHost: string;
  readonly listenPort: number;
  readonly onConnection: (connected: boolean) => void;
};

const createTimeoutMs = 5_000;
const profile = 'drachtio_mrf';

/** Connects to FreeSWITCH or the embedded engine through drachtio-fsmrf. Rejects after `timeoutMs`; later losses reconnect. */
export async function connectFreeswitch(
  srf: Srf,
  options: FreeswitchOptions,
  timeoutMs = 10_000,
): Promise<MediaServer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  await mediaServerReady({ ...options, profile }, deadline).catch((cause: unknown) => {
    throw new MediaFailure(`no media server that runs ${profile} within ${timeoutMs} ms`, { cause });
  });
  const mediaServer = await within(timeoutMs, 'connecting the media server', firstConnection(srf, options));
  let available = true;
  noDelay(mediaServer.conn);
  // fsmrf and modesl leave Nagle on: 42 ms a command (freeswitch-esl.md §14).
  mediaServer._server.server.on('connection', (socket) => socket.setNoDelay(true));
  mediaServer.on('error', () => {});
  mediaServer.conn.on('esl::end', () => {
    if (available) options.onConnection(false);
    available = false;
  });
  mediaServer.conn.on('esl::ready', () => {
    // fsmrf forgets its subscription when it reconnects.
    mediaServer.conn.subscribe(['HEARTBEAT']);
    noDelay(mediaServer.conn);
    if (!available) options.onConnection(true);
    available = true;
  });
  options.onConnection(true);

  return {
    get available() {
      return available;
    },
    async createEndpoint(remoteSdp) {
      if (!available) throw new MediaFailure('no media server');
      const creating = mediaServer.createEndpoint(remoteSdp === null ? {} : { remoteSdp });
      try {
        const endpoint = await within(createTimeoutMs, 'creating an endpoint', creating);
        if (endpoint.conn) noDelay(endpoint.conn);
        return new FreeswitchEndpoint(endpoint);
      } catch (error) {
        // It may still come after its deadline: nobody else would end it.
        creating.then((late) => late.destroy()).catch(() => {});
        throw error;
      }
    },
    async hasChannel(id) {
      const answer = await ask(mediaServer, 'uuid_exists', id);
      return String(answer).trim() === 'true';
    },
    async endChannel(id) {
      await ask(mediaServer, 'uuid_kill', id);
    },
    async close() {
      available = false;
      mediaServer.disconnect();
    },
  };
}

/** What the server answers to an API command; null when it does not. */
const ask = (mediaServer: Mrf.MediaServer, command: string, argument: string) =>
  within(createTimeoutMs, command, mediaServer.api(`${command} ${argument}`)).catch(() => null);

/** modesl retries a refused connection for ever and calls back each time; the first that succeeds counts. */
function firstConnection(srf: Srf, options: FreeswitchOptions): Promise<Mrf.MediaServer> {
  const { promise, resolve } = Promise.withResolvers<Mrf.MediaServer>();
  new Mrf(srf).connect(
    {
      address: options.host,
      port: options.port,
      secret: options.secret,
      listenAddress: options.listenHost,
      listenPort: options.listenPort,
      profile,
    },
    (error, mediaServer) => {
      if (!error && mediaServer) resolve(mediaServer);
    },
  );
  return promise;
}

function noDelay(connection: Mrf.EslConnection): void {
  connection.socket?.setNoDelay(true);
}
