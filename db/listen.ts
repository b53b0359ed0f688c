import pg from 'pg';

export type Listening = { close(): Promise<void> };
type ListenOptions = {
  readonly channels: readonly string[];
  /** Something changed on a channel; a NOTIFY carries an id or version at most, so listeners read again. */
  readonly onNotify: (channel: string) => void;
  /** Connected, or connected again: what was missed meanwhile must be read. */
  readonly onConnected: () => void;
  /** Once a lost connection, not once an attempt. */
  readonly onLost: (error: Error) => void;
};

const firstRetryMs = 100;
const longestRetryMs = 2_000;

/** Listens on one connection of its own, outside every pool, and comes back by itself when it is lost. */
export function listen(databaseUrl: string, options: ListenOptions): Listening {
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  let retryMs = firstRetryMs;
  let told = false;

  const lost = (from: pg.Client, error: Error) => {
    if (closed || client !== from) return;
    client = null;
    void from.end().catch(() => {});
    if (!told) options.onLost(error);
    told = true;
    retry = setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, longestRetryMs);
  };
  const connect = () => {
    const own = new pg.Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: 2_000,
      keepAlive: true,
      application_name: 'chartline listen',
    });
    client = own;
    own.on('error', (error) => lost(own, error));
    own.on('end', () => lost(own, new Error('the listening connection ended')));
    own.on('notification', ({ channel }) => options.onNotify(channel));
    own
      .connect()
      .then(() => own.query(options.channels.map((channel) => `listen ${own.escapeIdentifier(channel)}`).join('; ')))
      .then(() => {
        retryMs = firstRetryMs;
        told = false;
        options.onConnected();
      })
      .catch((error: Error) => lost(own, error));
  };

  connect();
  return {
    async close() {
      closed = true;
      clearTimeout(retry);
      await client?.end().catch(() => {});
    },
  };
}
