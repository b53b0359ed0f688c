/* Event socket framing (spec section 1): text blocks of header lines, an empty line, and Content-Length bytes of body. */

export type EslHeaders = ReadonlyMap<string, string>;
/** A command of a client: its first line and the headers below it, names in lower case. */
export type EslCommand = { readonly line: string; readonly headers: EslHeaders; readonly body: string };

const maxCommandBytes = 256 * 1024;

class CommandTooLong extends Error {}

/** Cuts what a client sends into commands. Lines may end in LF or CRLF; empty lines between commands mean nothing. */
export class CommandParser {
  #waiting = '';

  /** The commands that `text` completes. Throws `CommandTooLong` when one would never end. */
  push(text: string): EslCommand[] {
    this.#waiting += text.replaceAll('\r', '');
    const commands: EslCommand[] = [];
    for (let command = this.#next(); command !== null; command = this.#next()) commands.push(command);
    if (this.#waiting.length > maxCommandBytes) throw new CommandTooLong();
    return commands;
  }

  #next(): EslCommand | null {
    this.#waiting = this.#waiting.replace(/^\n+/, '');
    const end = this.#waiting.indexOf('\n\n');
    if (end < 0) return null;
    const [line = '', ...rest] = this.#waiting.slice(0, end).split('\n');
    const headers = new Map(rest.map(parseHeader));
    const length = Number.parseInt(headers.get('content-length') ?? '0', 10) || 0;
    const after = Buffer.from(this.#waiting.slice(end + 2));
    if (after.length < length) return null;
    this.#waiting = length === 0 ? this.#waiting.slice(end + 2) : after.toString('utf8', length);
    return { line, headers, body: after.toString('utf8', 0, length) };
  }
}

function parseHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 0) return [line.trim().toLowerCase(), ''];
  return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
}

/** A block to a client. Values must not contain line ends; a literal `%` must be encoded by the caller. */
export function block(headers: readonly (readonly [string, string])[], body?: string): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\n`).join('');
  return body === undefined ? `${lines}\n` : `${lines}Content-Length: ${Buffer.byteLength(body)}\n\n${body}`;
}

/** Value of a header that comes from an event, percent-encoded as FreeSWITCH does. */
export function encodeValue(value: string): string {
  return encodeURIComponent(value.toWellFormed()).replaceAll('%2F', '/').replaceAll('%2C', ',');
}

/** Event data as plain, encoded header lines; array variables in FreeSWITCH's `ARRAY::a|:b` form. */
export function plainLines(fields: EventFields): string {
  let text = '';
  for (const [name, value] of Object.entries(fields)) {
    text += `${name}: ${encodeValue(typeof value === 'string' ? value : `ARRAY::${value.join('|:')}`)}\n`;
  }
  return text;
}

export type EventFields = Record<string, string | string[]>;
