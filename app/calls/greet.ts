import { askMenu } from '../../media/menu.ts';
import type { Digit, PromptFile } from '../../media/ports.ts';
import type { Intent } from '../../routing/types.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps, Line, RecordingConsent } from './deps.ts';

/** What the caller says they want, and the keys pressed. */
export type Greeting = { readonly intent: Intent | null; readonly verify: boolean };

/** What a party was told or answered before recording. */
export type ConsentGiven = {
  readonly outcome: 'announced' | 'agreed' | 'refused' | 'not-needed';
  readonly promptVersion: string | null;
};

const askSeconds = 5;

/** Greeting, recording notice, menu. A missing prompt or menu is passed over: the call goes on. */
export class Welcome {
  readonly #call: Call;
  readonly #line: Line;
  readonly #on: CallDeps;
  readonly #caller: AnsweredLeg;
  /** Keys pressed before the menu began. */
  readonly #ahead: Digit[] = [];

  constructor(call: Call, line: Line, caller: AnsweredLeg, on: CallDeps) {
    this.#call = call;
    this.#line = line;
    this.#on = on;
    this.#caller = caller;
    caller.endpoint.onDigit((digit) => {
      this.#ahead.push(digit);
    });
  }

  async greet(): Promise<void> {
    await this.say('greeting');
  }

  /** Does what the law asks for before a word is recorded. A notice that could not be heard to its end is a refusal. */
  async askConsent(consent: RecordingConsent): Promise<ConsentGiven> {
    switch (consent.outcome) {
      case 'record':
        return { outcome: 'not-needed', promptVersion: null };
      case 'doNotRecord':
        return { outcome: 'refused', promptVersion: null };
      case 'announce': {
        const heard = await this.say('recording-notice');
        return { outcome: heard ? 'announced' : 'refused', promptVersion: this.#version('recording-notice') };
      }
      case 'ask': {
        const file = await this.#on.prompts.file('recording-ask', this.#line.language);
        const pressed = file === null ? '' : await this.#press(file);
        return { outcome: pressed === '1' ? 'agreed' : 'refused', promptVersion: this.#version('recording-ask') };
      }
      default:
        return consent.outcome satisfies never;
    }
  }

  #press(file: PromptFile): Promise<string> {
    const wait = { minDigits: 1, maxDigits: 1, timeoutMs: askSeconds * 1000, interDigitMs: 1000, terminator: null };
    return this.#caller.endpoint.collect({ prompts: [file], ...wait }, this.#caller.ended);
  }

  #version(key: string): string | null {
    return this.#on.prompts.version(key, this.#line.language);
  }

  /** The line's menu, or the one that is named. Keys pressed before it count for the line's menu only. */
  async menu(name: string | null = null): Promise<Greeting> {
    const line = this.#line;
    const menu = this.#on.ivr().menus.get(name ?? line.menu ?? '');
    if (!menu) return { intent: null, verify: false };
    const { prompts } = this.#on;
    const [prompt, invalid] = await Promise.all([
      prompts.file(menu.prompt, line.language),
      prompts.file('invalid-key', line.language),
    ]);
    const answer = await askMenu(
      { ...menu, prompt, invalid },
      this.#caller.endpoint,
      name === null ? [...this.#ahead] : [],
      this.#caller.ended,
    );
    const { intent, verify } = answer.choice ?? { intent: null, verify: false };
    this.#call.event('menu', { menu: menu.name, pressed: answer.pressed.join(''), intent });
    if (intent !== null) {
      this.#on.journal.record({ kind: 'intent', callId: this.#call.id, intent });
      this.#call.show({ intent });
    }
    return { intent, verify };
  }

  /** Plays one prompt to its end, or until `signal`; false when there is none to play. */
  async say(key: string, signal: AbortSignal = this.#caller.ended): Promise<boolean> {
    const file = await this.#on.prompts.file(key, this.#line.language);
    if (file === null) {
      this.#call.log.warn({ prompt: key }, 'a prompt could not be spoken');
      return false;
    }
    await this.#caller.endpoint.play([file], signal);
    this.#call.event('prompt', { key });
    return true;
  }
}
