/** Writes one event as a line of JSON on stdout: what starts these phones reads it. `at` in ms of the Unix epoch, with fractions. */
export function report(event: string, detail: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, at: performance.timeOrigin + performance.now(), ...detail })}\n`);
}
