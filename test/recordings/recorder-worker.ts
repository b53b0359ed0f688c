import process from 'node:process';
import { pino } from 'pino';
import { openPool } from '../../db/db.ts';
import { Recorder } from '../../recordings/recorder.ts';

/* A process of its own that records one call, for tests that kill it or fill its disk. */
const pool = openPool(process.env.DATABASE_URL ?? '', { onError: () => {} });
const recorder = await Recorder.start({
  db: pool,
  dataFolder: process.env.CHARTLINE_DATA ?? '',
  clinic: 'Test Clinic',
  node: 'node-1',
  fork: { host: '127.0.0.1', port: 0 },
  log: pino({ level: 'silent' }),
});
const session = recorder.open({ callId: process.env.CALL_ID ?? '', startedAt: new Date(), law: 'PCMU' });
process.stdout.write(`${JSON.stringify({ id: session.id, forkUrl: session.forkUrl })}\n`);
