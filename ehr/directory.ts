import { LRUCache } from 'lru-cache';
import type { Pool } from '../db/db.ts';
import { lookUpNumber } from '../db/patients.ts';
import type { E164 } from '../sip/address.ts';
import { type IndexAnswer, matchCaller } from './match.ts';
import type { CallerDirectory, CallerMatch } from './types.ts';

export type DirectoryOptions = {
  readonly pool: Pool;
  readonly now?: () => Date;
  /** Numbers whose last answer is kept for when the database is away. Default 5000. */
  readonly remembered?: number;
};

/** Who is calling, from the phone index in Postgres; from memory while Postgres is away. The EHR is never asked. */
export function openDirectory({ pool, now = () => new Date(), remembered = 5000 }: DirectoryOptions): CallerDirectory {
  const memory = new LRUCache<E164, IndexAnswer>({ max: remembered });
  return {
    async identify(number, deadlineMs): Promise<CallerMatch> {
      if (number === null) return { kind: 'withheld' };
      const asked = lookUpNumber(pool, number).then((answer) => {
        memory.set(number, answer);
        return answer;
      });
      try {
        return matchCaller(number, await within(asked, deadlineMs), now());
      } catch (error) {
        const answer = memory.get(number);
        if (answer) return matchCaller(number, answer, now());
        return { kind: 'unavailable', reason: error === late ? 'phone index too slow' : 'phone index away' };
      }
    },
  };
}

const late = new Error('deadline passed');

/** What `work` gives, or rejects with `late`; an outcome after that is nobody's concern. */
async function within<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, deadlineMs, late);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
