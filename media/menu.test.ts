import { describe, expect, test } from '@jest/globals';
import { askMenu, type Menu } from './menu.ts';
import type { CollectOptions, MediaEndpoint } from './ports.ts';

const menu: Menu<string> = {
  prompt: 'menu.wav',
  invalid: 'invalid.wav',
  timeoutMs: 1000,
  tries: 3,
  options: new Map([
    ['1', 'appointment'],
    ['3', 'clinical'],
  ]),
};

/** An endpoint whose caller presses these keys, one a prompt. */
function caller(...keys: string[]) {
  const heard: (readonly string[])[] = [];
  const endpoint = {
    gone: new AbortController().signal,
    collect: async (options: CollectOptions) => {
      heard.push(options.prompts);
      return keys.shift() ?? '';
    },
  } as unknown as MediaEndpoint;
  return { endpoint, heard };
}
const never = new AbortController().signal;

describe('a menu', () => {
  test('takes the first known key', async () => {
    const { endpoint, heard } = caller('3');
    expect(await askMenu(menu, endpoint, [], never)).toEqual({ choice: 'clinical', pressed: ['3'] });
    expect(heard).toEqual([['menu.wav']]);
  });
  test('says what is wrong and asks again', async () => {
    const { endpoint, heard } = caller('7', '', '1');
    expect(await askMenu(menu, endpoint, [], never)).toEqual({ choice: 'appointment', pressed: ['7', '1'] });
    expect(heard).toEqual([['menu.wav'], ['invalid.wav', 'menu.wav'], ['menu.wav']]);
  });
  test('always ends', async () => {
    const { endpoint, heard } = caller();
    expect(await askMenu(menu, endpoint, [], never)).toEqual({ choice: null, pressed: [] });
    expect(heard).toHaveLength(3);
  });
  test('takes a key pressed during the greeting without playing', async () => {
    const { endpoint, heard } = caller();
    expect((await askMenu(menu, endpoint, ['9', '3'], never)).choice).toBe('clinical');
    expect(heard).toEqual([]);
  });
  test('stops when the caller is gone', async () => {
    const { endpoint, heard } = caller('1');
    await askMenu(menu, endpoint, [], AbortSignal.abort());
    expect(heard).toEqual([]);
  });
});
