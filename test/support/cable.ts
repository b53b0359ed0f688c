import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A network cable to `targetPort` that can be pulled: `cut` ends every connection and refuses new ones until `mend`. */
export async function startCable(targetPort: number) {
  const open = new Set<Socket>();
  let broken = false;
  const server = createServer((socket) => {
    if (broken) return socket.destroy();
    const onward = connect(targetPort, '127.0.0.1');
    for (const end of [socket, onward]) {
      open.add(end);
      end.on('error', () => {});
      end.on('close', () => {
        open.delete(end);
        socket.destroy();
        onward.destroy();
      });
    }
    return socket.pipe(onward).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const destroyAll = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      broken = true;
      destroyAll();
    },
    mend: () => {
      broken = false;
    },
    close: async () => {
      destroyAll();
      server.close();
      await once(server, 'close');
    },
  };
}
