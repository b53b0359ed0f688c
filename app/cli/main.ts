/** Every command of `npm run`: one file each, loaded when it is asked for. */
const commands: Readonly<Record<string, () => Promise<{ run: (args: string[]) => Promise<number> }>>> = {};

const [name = '', ...args] = process.argv.slice(2);
const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (!load) {
  console.error(`chartline: no command '${name}'. Commands: ${Object.keys(commands).sort().join(', ')}`);
  process.exitCode = 2;
} else {
  const command = await load();
  process.exitCode = await command.run(args);
}
