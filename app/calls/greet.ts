import { askMenu } from '../../media/menu.ts';
import type { Digit } from '../../media/ports.ts';
import type { Intent } from '../../routing/types.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps, Line, RecordingConsent } from './deps.ts';

/** What the caller says they want, and the keys pressed. */
export type Greeting = { readonly intent: Intent | null };

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

  /** The notice, heard to its end before a word is recorded. Returns whether it was. */
  async announceRecording(consent: RecordingConsent): Promise<boolean> {
    if (consent.outcome === 'record') return true;
    const heard = await this.say('recording-notice');
    return heard && !this.#caller.ended.aborted;
  }

  async menu(): Promise<Greeting> {
    const line = this.#line;
    const menu = line.menu === null ? undefined : this.#on.ivr().menus.get(line.menu);
    if (!menu) return { intent: null };
    const { prompts } = this.#on;
    const [prompt, invalid] = await Promise.all([
      prompts.file(menu.prompt, line.language),
      prompts.file('invalid-key', line.language),
    ]);
    const answer = await askMenu(
      { ...menu, prompt, invalid },
      this.#caller.endpoint,
      [...this.#ahead],
      this.#caller.ended,
    );
    const intent = answer.choice;
    this.#call.event('menu', { menu: menu.name, pressed: answer.pressed.join(''), intent });
    if (intent !== null) {
      this.#on.journal.record({ kind: 'intent', callId: this.#call.id, intent });
      this.#call.show({ intent });
    }
    return { intent };
  }

  /** Plays one prompt to its end; false when there is none to play. */
  async say(key: string): Promise<boolean> {
    const file = await this.#on.prompts.file(key, this.#line.language);
    if (file === null) {
      this.#call.log.warn({ prompt: key }, 'a prompt could not be spoken');
      return false;
    }
    await this.#caller.endpoint.play([file], this.#caller.ended);
    this.#call.event('prompt', { key });
    return true;
  }
}
