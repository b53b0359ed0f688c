// jest's globalSetup of every project that needs a database: once a run, before its workers, which inherit the address.
import { startTestServer } from './postgres-server.ts';

export default async function setup() {
  const server = await startTestServer();
  process.env.CHARTLINE_TEST_POSTGRES = server.url;
  globalThis.stopTestPostgres = server.stop;
}
