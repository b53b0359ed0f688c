import { createInterface } from 'node:readline/promises';
import { openPool, type Pool } from '../../db/db.ts';
import { describe, listTables } from '../../db/describe.ts';
import { loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { table } from '../text-table.ts';

const help = `SQL ends with ;   \\dt tables   \\d <table> its columns and what they mean   \\q quit`;

/** A prompt on the running database, as psql is one; with an argument, runs that and ends. */
export async function run(args: string[]): Promise<number> {
  const pool = openPool(await databaseUrl(loadConfig(process.env)), { max: 1, onError: () => {} });
  try {
    if (args.length > 0) return (await answer(pool, args.join(' '))) ? 0 : 1;
    return await prompt(pool);
  } finally {
    await pool.end();
  }
}

async function prompt(pool: Pool): Promise<number> {
  const terminal = process.stdin.isTTY === true;
  const lines = createInterface({ input: process.stdin, output: process.stdout, terminal });
  if (terminal) console.log(help);
  let statement = '';
  let failed = false;
  let open = true;
  lines.on('close', () => {
    open = false;
  });
  const ask = () => {
    if (!terminal || !open) return;
    lines.setPrompt(statement ? '   … ' : 'sql> ');
    lines.prompt();
  };
  lines.on('SIGINT', () => {
    if (statement === '') lines.close();
    statement = '';
    ask();
  });
  ask();
  for await (const line of lines) {
    if (line.trim() === '\\q') break;
    statement = statement ? `${statement}\n${line}` : line.trim();
    if (/;\s*$/.test(statement) || statement.startsWith('\\')) {
      failed = !(await answer(pool, statement)) || failed;
      statement = '';
    }
    ask();
  }
  lines.close();
  return failed && !terminal ? 1 : 0;
}

/** Shows the result or the error; false when it failed. */
async function answer(pool: Pool, statement: string): Promise<boolean> {
  try {
    const [, command, name] = /^\\(\w+)\s*(\S*)/.exec(statement) ?? [];
    if (command === undefined) await show(pool, statement);
    else if (command === 'dt' || (command === 'd' && !name)) console.log(table(await listTables(pool)));
    else if (command === 'd' && name) console.log(await description(pool, name));
    else console.log(help);
    return true;
  } catch (error) {
    console.error(explain(error));
    return false;
  }
}

async function show(pool: Pool, statement: string): Promise<void> {
  const outcome = await pool.query<Record<string, unknown>>(statement);
  // Several statements in one line come back as several results.
  for (const { rows, fields, rowCount, command } of [outcome].flat()) {
    if (fields.length === 0) console.log(`${command} ${rowCount ?? ''}`.trim());
    else console.log(`${table(rows)}\n(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`);
  }
}

async function description(pool: Pool, name: string): Promise<string> {
  const found = await describe(pool, name);
  if (!found) return `no table ${name}`;
  return [found.comment, table(found.columns), found.rules.join('\n')].filter(Boolean).join('\n\n');
}

function explain(error: unknown): string {
  const { message, detail, hint, constraint } = error as Error &
    Partial<Record<'detail' | 'hint' | 'constraint', string>>;
  const more = [detail, hint && `hint: ${hint}`, constraint && `rule: ${constraint}`].filter(Boolean);
  return [message, ...more].join('\n');
}
