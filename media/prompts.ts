import { createHash } from 'node:crypto';
import type { PromptFile } from './ports.ts';
import type { Speech } from './speech/speech.ts';

/** What a held party hears: soft chords, C, A minor, F and G. Tones need no file and no module beyond the ringback's. */
export const musicOnHold: PromptFile =
  'tone_stream://v=-24;%(2400,0,262,330,392);%(2400,0,220,262,330);%(2400,0,175,220,262);%(2400,0,196,247,294);loops=-1';

/** What callers hear while nobody has picked up: North American ringback, 2 s on, 4 s off. */
export const ringback: PromptFile = 'tone_stream://%(2000,4000,440,480);loops=-1';

export type PromptTexts = ReadonlyMap<string, string>;

/** Prompts by key and language, spoken by the local voice. Texts may be replaced while calls run. */
export class Prompts {
  readonly #speech: Speech;
  readonly #fixed: Readonly<Record<string, string>>;
  #texts: PromptTexts;

  /** `texts` is keyed `<key>/<language>`; `fixed` fills `{name}` places that are the same on every call. */
  constructor(speech: Speech, texts: PromptTexts, fixed: Readonly<Record<string, string>>) {
    this.#speech = speech;
    this.#texts = texts;
    this.#fixed = fixed;
  }

  replace(texts: PromptTexts): void {
    this.#texts = texts;
  }

  /** Renders these prompts in every language, so that no call waits for the voice. Resolves with those that could not be spoken. */
  async render(keys: readonly string[] = [...this.#texts.keys()].map(keyOf)): Promise<string[]> {
    const wanted = [...this.#texts].filter(([name]) => keys.includes(keyOf(name)));
    const results = await Promise.allSettled(wanted.map(([, text]) => this.#render(text)));
    return wanted.flatMap(([name], i) => (results[i]?.status === 'rejected' ? [name] : []));
  }

  /** The prompt in `language`, else in English; null when there is none or the voice fails: the call goes on without. */
  async file(key: string, language: string): Promise<PromptFile | null> {
    const text = this.#texts.get(`${key}/${language}`) ?? this.#texts.get(`${key}/en`);
    if (text === undefined) return null;
    return this.#render(text).catch(() => null);
  }

  /** Names the words of a prompt, so that a consent can say what was heard; null: there is no such prompt. */
  version(key: string, language: string): string | null {
    const text = this.#texts.get(`${key}/${language}`) ?? this.#texts.get(`${key}/en`);
    return text === undefined ? null : `${key}:${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  }

  #render(text: string): Promise<PromptFile> {
    return this.#speech.render(text.replace(/\{(\w+)\}/g, (place, name: string) => this.#fixed[name] ?? place));
  }
}

const keyOf = (name: string) => name.slice(0, name.lastIndexOf('/'));
