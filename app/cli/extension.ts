import { openPool } from '../../db/db.ts';
import { loadPhones, setExtensionSecret } from '../../db/phones.ts';
import { ha1s } from '../../sip/digest.ts';
import { loadConfig } from '../config.ts';
import { databaseUrl } from '../database-url.ts';
import { realm } from '../realm.ts';
import { newSecret } from '../supervisor/secret-file.ts';

const usage = `npm run extension -- list
npm run extension -- set <number> [name]    a new secret; makes the extension when there is none`;

/** Lists the extensions, or gives one a new secret, which is shown once and kept only as digest HA1s. */
export async function run([action, number, ...name]: string[]): Promise<number> {
  if (action !== 'list' && !(action === 'set' && number)) {
    console.error(usage);
    return 2;
  }
  const pool = openPool(await databaseUrl(loadConfig(process.env)), { max: 1, onError: () => {} });
  try {
    if (!number) {
      for (const extension of (await loadPhones(pool)).extensions)
        console.log(`${extension.number.padEnd(6)}  ${extension.displayName}`);
      return 0;
    }
    const secret = newSecret();
    const { MD5: md5, 'SHA-256': sha256 } = ha1s(number, realm, secret);
    const displayName = name.length > 0 ? name.join(' ') : null;
    const done = await setExtensionSecret(pool, { number, displayName, md5, sha256, realm });
    console.log(`extension ${number} ${done === 'made' ? 'made' : 'has a new secret'}: ${secret}`);
    return 0;
  } finally {
    await pool.end();
  }
}
