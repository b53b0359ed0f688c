import type { Digit, MediaEndpoint, PromptFile } from './ports.ts';

export type Menu<Choice> = {
  readonly prompt: PromptFile | null;
  readonly invalid: PromptFile | null;
  readonly timeoutMs: number;
  readonly tries: number;
  readonly options: ReadonlyMap<string, Choice>;
};

export type MenuAnswer<Choice> = {
  /** Null: the caller never pressed a key that the menu knows. */
  readonly choice: Choice | null;
  /** Every key pressed, in order. */
  readonly pressed: readonly string[];
};

/**
 * Plays the menu and takes one key; a wrong or missing key plays it again, at most `tries` times.
 * `ahead`: keys pressed before the menu began; the last one that it knows is taken at once.
 */
export async function askMenu<Choice>(
  menu: Menu<Choice>,
  endpoint: MediaEndpoint,
  ahead: readonly Digit[],
  signal: AbortSignal,
): Promise<MenuAnswer<Choice>> {
  const known = ahead.findLast((digit) => menu.options.has(digit));
  if (known !== undefined) return { choice: menu.options.get(known) ?? null, pressed: ahead };
  const pressed: string[] = [...ahead];
  let prompts = [menu.prompt];
  for (let attempt = 0; attempt < menu.tries && !signal.aborted && !endpoint.gone.aborted; attempt += 1) {
    const digit = await endpoint.collect(
      {
        prompts: prompts.filter((prompt) => prompt !== null),
        minDigits: 1,
        maxDigits: 1,
        timeoutMs: menu.timeoutMs,
        interDigitMs: menu.timeoutMs,
        terminator: null,
      },
      signal,
    );
    if (digit !== '') pressed.push(digit);
    const choice = menu.options.get(digit);
    if (choice !== undefined) return { choice, pressed };
    prompts = digit === '' ? [menu.prompt] : [menu.invalid, menu.prompt];
  }
  return { choice: null, pressed };
}
