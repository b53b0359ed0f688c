import { randomUUID } from 'node:crypto';

/** A body of several parts (RFC 5621): its Content-Type and text. */
export type Body = { readonly contentType: string; readonly text: string };

export type Part = { readonly contentType: string; readonly contentId?: string; readonly text: string };

/** The SDP and what goes with it, as one multipart/mixed body; the parts have no boundary of ours in them. */
export function multipart(parts: readonly Part[]): Body {
  const boundary = `chartline-${randomUUID()}`;
  const text = parts.map(({ contentType, contentId, text }) => {
    const id = contentId ? `Content-ID: <${contentId}>\r\n` : '';
    return `--${boundary}\r\nContent-Type: ${contentType}\r\n${id}\r\n${text.trimEnd()}\r\n`;
  });
  return { contentType: `multipart/mixed;boundary="${boundary}"`, text: `${text.join('')}--${boundary}--\r\n` };
}
