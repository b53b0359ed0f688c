/** One `"Display" <uri>;param=value` of From, P-Asserted-Identity, Contact … (RFC 3261 §20.10). */
export type NameAddr = {
  readonly display: string | null;
  /** Without angle brackets, as written: sip:, sips: or tel:. */
  readonly uri: string;
  /** User part, or the number of a tel URI; parameters of the user part removed, escapes decoded. */
  readonly user: string;
  /** Parameters inside and outside the brackets, names in lower case. */
  readonly params: ReadonlyMap<string, string>;
};

/** Every address of a header that may list several, in order; broken ones are left out. */
export function parseNameAddrs(header: string): readonly NameAddr[] {
  return splitOutsideQuotes(header, ',')
    .map(parseOne)
    .filter((address) => address !== null);
}

function parseOne(text: string): NameAddr | null {
  const bracketed = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^"<]*?))\s*<([^<>]+)>(.*)$/s.exec(text);
  const [display, uri, outside] = bracketed
    ? [bracketed[1]?.replace(/\\(.)/g, '$1') ?? bracketed[2] ?? '', bracketed[3] ?? '', bracketed[4] ?? '']
    : // RFC 3261 §20.10: without brackets every parameter belongs to the header.
      ['', text.trim().split(';')[0] ?? '', text.trim().slice(text.trim().indexOf(';'))];
  const scheme = /^(sips?|tel):(.+)$/is.exec(uri);
  if (!scheme?.[2]) return null;
  const isTel = scheme[1]?.toLowerCase() === 'tel';
  const at = scheme[2].lastIndexOf('@');
  if (!isTel && at < 0 && !bracketed && !/[\w[]/.test(scheme[2])) return null;
  const beforeHost = isTel ? scheme[2] : at < 0 ? '' : scheme[2].slice(0, at);
  const afterUser = isTel ? scheme[2] : scheme[2].slice(at + 1);
  const [user = '', ...userParams] = beforeHost.split(';');
  const inside = isTel ? userParams : [...userParams, ...afterUser.split(';').slice(1)];
  const params = new Map<string, string>();
  for (const part of [...inside, ...splitOutsideQuotes(outside, ';')]) {
    const [name = '', value = ''] = part.trim().split(/\s*=\s*/, 2);
    if (name && !params.has(name.toLowerCase())) params.set(name.toLowerCase(), value.replace(/^"(.*)"$/, '$1'));
  }
  return { display: display.trim() || null, uri, user: decode(user.split(':')[0] ?? ''), params };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let part = '';
  let quoted = false;
  let bracketed = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text.charAt(i);
    if (quoted && character === '\\') {
      part += character + text.charAt(++i);
      continue;
    }
    if (character === '"') quoted = !quoted;
    else if (!quoted && character === '<') bracketed = true;
    else if (!quoted && character === '>') bracketed = false;
    if (character === separator && !quoted && !bracketed) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part].filter((one) => one.trim() !== '');
}
