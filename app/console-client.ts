import { once } from 'node:events';
import WebSocket from 'ws';
import type { ServerMessage } from './api-types.ts';

export type ConsoleClient = { readonly close: () => Promise<void> };

/**
 * Logs in as a member of staff and is told of every call as their screen is (`/api/events`), the snapshot first.
 * Rejects when the login is refused or nobody listens. Whoever opens it closes it.
 */
export async function watchCalls(
  baseUrl: string,
  account: { readonly login: string; readonly password: string },
  onMessage: (message: ServerMessage, receivedAt: number) => void,
): Promise<ConsoleClient> {
  const response = await fetch(`${baseUrl}/api/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: baseUrl },
    body: JSON.stringify(account),
  });
  if (!response.ok) throw new Error(`login of ${account.login} refused: ${response.status} ${await response.text()}`);
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  const url = `${baseUrl.replace(/^http/, 'ws')}/api/events`;
  const socket = new WebSocket(url, { headers: { cookie, origin: baseUrl } });
  const snapshot = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    onMessage(message, performance.timeOrigin + performance.now());
    if (message.kind === 'snapshot') snapshot.resolve();
  });
  socket.on('error', (error) => snapshot.reject(error));
  socket.on('close', () => snapshot.reject(new Error('the console closed the connection')));
  await snapshot.promise;
  return {
    close: async () => {
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.close();
      await once(socket, 'close');
    },
  };
}
