import { z } from 'zod';
import { Settings } from '../config.ts';

/** Prints every setting with its default and meaning as the Markdown table that the README shows. */
export async function run(): Promise<number> {
  const { properties = {} } = z.toJSONSchema(Settings, { io: 'input' });
  console.log('| setting | default | meaning |\n| --- | --- | --- |');
  for (const [name, property] of Object.entries(properties)) {
    const { default: value, description = '' } = property as { default?: unknown; description?: string };
    console.log(`| \`${name}\` | ${value === undefined ? '' : `\`${value}\``} | ${description} |`);
  }
  return 0;
}
