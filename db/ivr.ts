import type { Intent } from '../routing/types.ts';
import type { Db } from './db.ts';

/** What a key means: the caller's intent, and whether their date of birth is asked for. */
export type MenuChoice = { readonly intent: Intent; readonly verify: boolean };

export type MenuRow = {
  readonly name: string;
  /** Key of its prompt. */
  readonly prompt: string;
  readonly timeoutMs: number;
  readonly tries: number;
  readonly options: ReadonlyMap<string, MenuChoice>;
};

/** What callers hear and press, as it stands now. */
export type IvrContent = {
  /** Keyed `<key>/<language>`. */
  readonly prompts: ReadonlyMap<string, string>;
  readonly menus: ReadonlyMap<string, MenuRow>;
};

/** All prompts and menus in one round. */
export async function loadIvr(db: Db): Promise<IvrContent> {
  const [prompts, menus] = await Promise.all([
    db.query<{ key: string; language: string; text: string }>({
      name: 'prompt.all',
      text: `select key, language, text from prompt`,
    }),
    db.query<{
      name: string;
      prompt: string;
      timeout_ms: number;
      tries: number;
      options: Record<string, MenuChoice> | null;
    }>({
      name: 'ivr_menu.all',
      text: `
        select m.name, m.prompt, m.timeout_ms, m.tries,
               (select json_object_agg(o.digit, json_build_object('intent', o.intent, 'verify', o.verify)) from ivr_option o where o.menu = m.name) as options
          from ivr_menu m`,
    }),
  ]);
  return {
    prompts: new Map(prompts.rows.map((row) => [`${row.key}/${row.language}`, row.text])),
    menus: new Map(
      menus.rows.map((row) => [
        row.name,
        {
          name: row.name,
          prompt: row.prompt,
          timeoutMs: row.timeout_ms,
          tries: row.tries,
          options: new Map(Object.entries(row.options ?? {})),
        },
      ]),
    ),
  };
}
