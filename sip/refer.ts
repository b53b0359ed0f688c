import { parseNameAddrs } from './name-addr.ts';

/** Which dialog a transfer shall replace (RFC 3891), as the phone that asks for it names it. */
export type Replaces = { readonly sipCallId: string; readonly toTag: string; readonly fromTag: string };

/** Where a REFER sends the other party: a user to be called (blind), or a dialog to be taken over (attended). */
export type ReferTarget = { readonly user: string; readonly replaces: Replaces | null };

/** Refer-To (RFC 3515 §2.1), with Replaces in its URI headers (RFC 3891 §4); null when it names nobody. */
export function readReferTo(header: string): ReferTarget | null {
  const address = parseNameAddrs(header)[0];
  if (!address?.user) return null;
  const embedded = /[?&]Replaces=([^&>]+)/i.exec(address.uri)?.[1];
  if (embedded === undefined) return { user: address.user, replaces: null };
  const replaces = readReplaces(embedded);
  return replaces && { user: address.user, replaces };
}

function readReplaces(escaped: string): Replaces | null {
  let text: string;
  try {
    text = decodeURIComponent(escaped);
  } catch {
    return null;
  }
  const [sipCallId = '', ...params] = text.split(';').map((part) => part.trim());
  const tag = (name: string) => params.find((param) => param.startsWith(`${name}=`))?.slice(name.length + 1);
  const [toTag, fromTag] = [tag('to-tag'), tag('from-tag')];
  return sipCallId && toTag && fromTag ? { sipCallId, toTag, fromTag } : null;
}
