import { readdirSync } from 'node:fs';

/** What each file of this folder but this one and run.mjs exports: one command of `npm run`. */
export type Command = { run: (args: string[]) => Promise<number> };

const [name = '', ...args] = process.argv.slice(2);
const names = readdirSync(new URL('.', import.meta.url))
  .flatMap((file) => /^([a-z-]+)\.ts$/.exec(file)?.[1] ?? [])
  .filter((command) => command !== 'main')
  .sort();
if (names.includes(name)) {
  const command = (await import(`./${name}.ts`)) as Command;
  process.exitCode = await command.run(args).catch((error: Error) => {
    console.error(process.env.CHARTLINE_LOG_LEVEL === 'debug' ? error : `chartline: ${error.message}`);
    return 1;
  });
} else {
  console.error(`chartline: no command '${name}'. Commands: ${names.join(', ')}`);
  process.exitCode = 2;
}
