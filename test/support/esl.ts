import { once } from 'node:events';
import { connect } from 'node:net';

/** Asks a media server one `api` command over its event socket, e.g. `status`. */
export async function askMediaServer(port: number, secret: string, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let read = '';
  socket.on('data', (chunk) => {
    read += chunk.toString('latin1');
  });
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(read);
      if (found) return found;
      await once(socket, 'data', { signal: AbortSignal.timeout(5_000) });
    }
  };
  try {
    await until(/auth\/request/);
    socket.write(`auth ${secret}\n\n`);
    await until(/\+OK accepted/);
    read = '';
    socket.write(`api ${command}\n\n`);
    const head = await until(/Content-Length: (\d+)\n\n/);
    const start = head.index + head[0].length;
    while (read.length < start + Number(head[1])) await once(socket, 'data', { signal: AbortSignal.timeout(5_000) });
    return read.slice(start, start + Number(head[1]));
  } finally {
    socket.destroy();
  }
}

/** Channels that are up. */
export async function channelsOpen(port: number, secret: string): Promise<number> {
  const status = await askMediaServer(port, secret, 'status');
  return Number(/(\d+) session\(s\)(?: -| \d)/.exec(status)?.[1] ?? Number.NaN);
}
