/** A media operation that the server refused, or did not finish within its deadline. */
export class MediaFailure extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'MediaFailure';
  }
}

/** The promise, or a MediaFailure after `ms`: drachtio-fsmrf has promises that never settle (freeswitch-esl.md §15). */
export async function within<T>(ms: number, operation: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new MediaFailure(`${operation} took over ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late]);
  } catch (cause) {
    throw cause instanceof MediaFailure ? cause : new MediaFailure(`${operation} failed`, { cause });
  } finally {
    clearTimeout(timer);
  }
}
