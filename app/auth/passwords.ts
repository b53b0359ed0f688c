import { hash, verify } from '@node-rs/argon2';

// OWASP's first choice for argon2id: 19 MiB, two passes, one lane; about 20 ms here, off the main thread.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** argon2id as a PHC string, salt included. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), cost);
}

let decoy: Promise<string> | undefined;

/** Whether `password` belongs to `passwordHash`. Null takes as long as a wrong password and is false: logins cannot be probed. */
export async function passwordMatches(passwordHash: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword('nobody has this password');
  const right = await verify(passwordHash ?? (await decoy), password.normalize('NFKC'));
  return right && passwordHash !== null;
}
