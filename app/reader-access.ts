import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenFile } from '../recordings/reader-client.ts';
import type { ReaderAccess } from './http/recordings.ts';

/** The reader process on this machine. Its token is read when it is needed: the reader may start after the app. */
export function readerAccess(dataFolder: string, port: number): ReaderAccess {
  return {
    url: `http://127.0.0.1:${port}`,
    get token() {
      try {
        return readFileSync(join(dataFolder, tokenFile), 'utf8').trim();
      } catch {
        return '';
      }
    },
  };
}
