/** `bad`: calls or patients are at risk; `warn`: fine for an evaluation, not for a clinic. */
export type Finding = { readonly level: 'ok' | 'warn' | 'bad'; readonly text: string };

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warn = (text: string): Finding => ({ level: 'warn', text });
export const bad = (text: string): Finding => ({ level: 'bad', text });
