/* Which events one connection wants: `event`, `nixevent` and `filter` (spec section 4). */
import type { EslEvent } from './event.ts';

type Filter = { readonly header: string; readonly matches: (value: string) => boolean };

export class Subscription {
  readonly #names = new Set<string>();
  readonly #subclasses = new Set<string>();
  #all = false;
  #include: Filter[] = [];
  #exclude: Filter[] = [];

  /** `event json A B CUSTOM x::y`: cumulative; whatever follows CUSTOM is a subclass. */
  add(words: readonly string[]): void {
    const names = words[0] === 'json' || words[0] === 'plain' || words[0] === 'xml' ? words.slice(1) : words;
    let custom = false;
    for (const word of names) {
      if (custom) this.#subclasses.add(word);
      else if (word.toUpperCase() === 'CUSTOM') custom = true;
      else if (word.toUpperCase() === 'ALL') this.#all = true;
      else this.#names.add(plainName(word));
    }
  }

  remove(words: readonly string[]): void {
    for (const word of words) {
      this.#names.delete(plainName(word));
      this.#subclasses.delete(word);
      if (word.toUpperCase() === 'ALL') this.clear();
    }
  }

  clear(): void {
    this.#names.clear();
    this.#subclasses.clear();
    this.#all = false;
  }

  /** A value in slashes is a regular expression, a leading `-` excludes. Returns false for a broken expression. */
  addFilter(header: string, value: string): boolean {
    const negative = header.startsWith('-') || value.startsWith('-');
    const name = header.replace(/^-/, '');
    const wanted = value.replace(/^-/, '');
    const matches = matcher(wanted);
    if (matches === null) return false;
    (negative ? this.#exclude : this.#include).push({ header: name, matches });
    return true;
  }

  removeFilter(header: string): void {
    const keep = (filter: Filter) => header !== 'all' && filter.header !== header;
    this.#include = this.#include.filter(keep);
    this.#exclude = this.#exclude.filter(keep);
  }

  accepts(event: EslEvent): boolean {
    if (!this.#wants(event)) return false;
    if (this.#exclude.some((filter) => holds(filter, event))) return false;
    return this.#include.length === 0 || this.#include.some((filter) => holds(filter, event));
  }

  #wants({ name, subclass }: EslEvent): boolean {
    if (this.#all) return true;
    return name === 'CUSTOM' ? this.#subclasses.has(subclass) : this.#names.has(name);
  }
}

const plainName = (word: string): string => word.toUpperCase().replace(/^SWITCH_EVENT_/, '');

function holds({ header, matches }: Filter, event: EslEvent): boolean {
  const value = event.fields[header];
  return typeof value === 'string' && matches(value);
}

function matcher(wanted: string): ((value: string) => boolean) | null {
  const pattern = /^\/(.*)\/$/.exec(wanted)?.[1];
  if (pattern === undefined) return (value) => value.toLowerCase() === wanted.toLowerCase();
  try {
    const expression = new RegExp(pattern, 'i');
    return (value) => expression.test(value);
  } catch {
    return null;
  }
}
