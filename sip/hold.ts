import { parse } from 'sdp-transform';

/** Whether an offer puts its call on hold: it does not want to hear us (RFC 3264 §8.4), or the older 0.0.0.0 of RFC 2543. */
export function isHold(offer: string): boolean {
  const session = parse(offer);
  const audio = session.media.find((media) => media.type === 'audio');
  const direction = audio?.direction ?? (session as { direction?: string }).direction;
  const address = audio?.connection?.ip ?? session.connection?.ip;
  return direction === 'sendonly' || direction === 'inactive' || address === '0.0.0.0';
}
