import type { AddressInfo } from 'node:net';
import { loadConfig } from '../../app/config.ts';
import { openDemoEhr } from './open.ts';

/*
 * The demonstration EHR as a process: one JSON line on stdout when it serves, log lines on stderr, ends with 0 on SIGTERM.
 */
const config = loadConfig(process.env);
const { server } = await openDemoEhr({ dataFolder: config.CHARTLINE_DATA });

for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
server.on('error', (error: NodeJS.ErrnoException) => {
  const port = config.EMBEDDED_EHR_PORT;
  console.error(
    error.code === 'EADDRINUSE'
      ? `demonstration EHR: port ${port} is taken; set EMBEDDED_EHR_PORT to a free one`
      : `demonstration EHR: ${error.message}`,
  );
  process.exit(1);
});
server.listen(config.EMBEDDED_EHR_PORT, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(JSON.stringify({ ready: true, port }));
});
