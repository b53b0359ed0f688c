/** The signaling server is away or broke its promise. What a phone or carrier answers is a value, not this. */
export class SipFailure extends Error {
  readonly status: number | null;
  constructor(message: string, options: { status?: number | null; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'SipFailure';
    this.status = options.status ?? null;
  }
}
