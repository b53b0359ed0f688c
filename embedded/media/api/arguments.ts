/* Arguments of an api command: split at spaces, or at the character after `^^`; single quotes hold one together. */

/** `^^|a|b c|` is ['a', 'b c', '']; `a 'b c'` is ['a', 'b c']. */
export function splitArguments(text: string): string[] {
  const trimmed = text.trimStart();
  if (trimmed.startsWith('^^') && trimmed.length > 2) {
    return trimmed
      .slice(3)
      .split(trimmed[2] as string)
      .map(unquote);
  }
  return [...trimmed.matchAll(/'((?:[^'\\]|\\.)*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function unquote(text: string): string {
  const trimmed = text.trim();
  return /^'.*'$/s.test(trimmed) ? trimmed.slice(1, -1) : trimmed;
}
