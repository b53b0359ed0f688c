import esl from 'drachtio-modesl';

const lookEveryMs = 300;

/**
 * Resolves once the media server's event socket takes `secret` and its SIP profile runs. FreeSWITCH opens the socket
 * before its profiles; drachtio-fsmrf asked in between throws where nobody can catch it. `signal` gives up.
 */
export function mediaServerReady(
  server: { host: string; port: number; secret: string; profile: string },
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const profileRuns = new RegExp(`^\\s*${server.profile}\\s.*sip:mod_sofia@\\S+:\\d+`, 'm');
  let looking: NodeJS.Timeout | undefined;
  // modesl goes on trying a refused connection by itself until it is told to stop.
  const connection = new esl.Connection(server.host, server.port, server.secret, look);
  connection.on('error', () => {});
  connection.on('esl::ready', look);

  function look(): void {
    clearTimeout(looking);
    connection.api('sofia status', (reply) => {
      if (profileRuns.test(reply.getBody() ?? '')) finish(resolve);
      else looking = setTimeout(look, lookEveryMs);
    });
  }
  function finish(settle: () => void): void {
    clearTimeout(looking);
    signal.removeEventListener('abort', onAbort);
    connection.disconnect();
    settle();
  }
  const onAbort = () => finish(() => reject(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  return promise;
}
