import { createHash, randomBytes } from 'node:crypto';
import { splitList } from '../sip/message.ts';

export type Credentials = { readonly user: string; readonly secret: string };

const hashes: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256' };

/** The Authorization header for the first challenge whose algorithm we know (RFC 8760 §2.4), null when there is none. */
export function answerChallenge(
  challenges: string,
  request: { method: string; uri: string },
  { user, secret }: Credentials,
): string | null {
  for (const challenge of splitChallenges(challenges)) {
    const algorithm = challenge.algorithm ?? 'MD5';
    const hash = hashes[algorithm];
    const { realm, nonce, opaque } = challenge;
    if (!hash || realm === undefined || nonce === undefined) continue;
    const digest = (text: string) => createHash(hash).update(text).digest('hex');
    const cnonce = randomBytes(8).toString('hex');
    const ha1 = digest(`${user}:${realm}:${secret}`);
    const ha2 = digest(`${request.method}:${request.uri}`);
    const qop = challenge.qop !== undefined;
    const response = qop ? digest(`${ha1}:${nonce}:00000001:${cnonce}:auth:${ha2}`) : digest(`${ha1}:${nonce}:${ha2}`);
    return (
      `Digest username="${user}",realm="${realm}",nonce="${nonce}",uri="${request.uri}",response="${response}"` +
      `,algorithm=${algorithm}${opaque === undefined ? '' : `,opaque="${opaque}"`}` +
      (qop ? `,qop=auth,nc=00000001,cnonce="${cnonce}"` : '')
    );
  }
  return null;
}

function splitChallenges(value: string): Record<string, string>[] {
  const challenges: Record<string, string>[] = [];
  for (const part of splitList(value)) {
    const [, scheme, rest = ''] = /^(Digest)\s+(.*)$/i.exec(part) ?? [null, null, part];
    if (scheme) challenges.push({});
    const [, name, quoted, plain] = /^\s*([\w-]+)\s*=\s*(?:"([^"]*)"|(\S+))/.exec(rest) ?? [];
    const current = challenges.at(-1);
    if (current && name) current[name.toLowerCase()] = quoted ?? plain ?? '';
  }
  return challenges;
}
