/** Writes one event as a line of JSON on stdout: what starts these phones reads it. `at` in ms of the Unix epoch. */
export function report(event: string, detail: Readonly<Record<string, unknown>> = {}): void {
  process.stdout.write(`${JSON.stringify({ event, at: Date.now(), ...detail })}\n`);
}
