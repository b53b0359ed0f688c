/* `play_and_get_digits` (spec section 6, 'playCollect in detail'). */
import type { Channel, Execution } from './channel.ts';
import { derived, splitOffset } from './playback.ts';

type Arguments = {
  readonly min: number;
  readonly max: number;
  readonly tries: number;
  readonly timeoutMs: number;
  readonly terminators: string;
  readonly file: string;
  readonly invalidFile: string;
  readonly variable: string;
  readonly pattern: RegExp | null;
  readonly digitTimeoutMs: number;
};

/** `ended`: how a try came to its end. */
type Reading = { readonly digits: string; readonly ended: 'max' | 'terminator' | 'timeout' | 'stopped' };

export async function playAndGetDigits(channel: Channel, { arg = '', stopped }: Execution): Promise<string> {
  const options = parseArguments(arg);
  if (options === null) return '-ERR usage';
  for (let left = options.tries; left > 0 && !stopped.aborted; left--) {
    channel.variables.delete(options.variable);
    channel.variables.delete('read_result');
    const reading = await readOnce(channel, options, stopped);
    if (isAccepted(channel, options, reading)) return '';
    if (stopped.aborted) break;
    await channel.files.play(options.invalidFile, 0, stopped);
  }
  return '';
}

function parseArguments(arg: string): Arguments | null {
  const words = arg.trim().split(/\s+/);
  if (words.length < 9) return null;
  const [min, max, tries, timeout, terminators, file, invalidFile, variable, pattern, digitTimeout] = words as [
    string,
    ...string[],
  ];
  const timeoutMs = Number(timeout);
  return {
    min: Number(min) || 0,
    max: Math.max(1, Number(max) || 1),
    tries: Math.max(1, Number(tries) || 1),
    timeoutMs: Number.isFinite(timeoutMs) ? timeoutMs : 5000,
    terminators: terminators === 'none' ? '' : (terminators ?? ''),
    file: file ?? '',
    invalidFile: invalidFile ?? '',
    variable: variable ?? '',
    pattern: toPattern(pattern ?? ''),
    digitTimeoutMs: Number(digitTimeout) || timeoutMs,
  };
}

/** Searched, not anchored; one that does not compile accepts nothing but does not end the call. */
function toPattern(text: string): RegExp | null {
  try {
    return new RegExp(text);
  } catch {
    return null;
  }
}

/** Sets the variables that the outcome of a try has; true when the collection is over with success. */
function isAccepted(channel: Channel, options: Arguments, { digits, ended }: Reading): boolean {
  const enough = digits.length >= options.min && digits !== '';
  const success = ended === 'max' || ended === 'terminator';
  channel.variables.set('read_result', success ? 'success' : enough ? 'timeout' : 'failure');
  if (digits !== '') channel.variables.set(options.variable, digits);
  if (!enough) return false;
  if (options.pattern?.test(digits)) return true;
  channel.variables.delete(options.variable);
  channel.variables.set(`${options.variable}_invalid`, digits);
  return false;
}

/** Plays the prompt, which the first digit stops, and reads until one of the ends. */
async function readOnce(channel: Channel, options: Arguments, stopped: AbortSignal): Promise<Reading> {
  const prompt = derived(stopped);
  const { file, offset } = splitOffset(options.file);
  const playing = channel.files.play(file, offset, prompt.signal);
  const reading = await readDigits(channel, options, { prompt, playing, stopped });
  prompt.abort('break');
  await playing;
  return reading;
}

type Prompt = { readonly prompt: AbortController; readonly playing: Promise<unknown>; readonly stopped: AbortSignal };

function readDigits(channel: Channel, options: Arguments, { prompt, playing, stopped }: Prompt): Promise<Reading> {
  return new Promise((resolve) => {
    let digits = '';
    let done = false;
    let timer: NodeJS.Timeout | undefined;
    const finish = (ended: Reading['ended']) => {
      done = true;
      clearTimeout(timer);
      stopReading();
      stopped.removeEventListener('abort', onStopped);
      resolve({ digits, ended });
    };
    const onStopped = () => finish('stopped');
    const wait = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => finish('timeout'), ms);
    };
    const stopReading = channel.readDigits((digit) => {
      prompt.abort('break');
      if (options.terminators.includes(digit)) {
        channel.variables.set('read_terminator_used', digit);
        return finish('terminator');
      }
      digits += digit;
      if (digits.length >= options.max) finish('max');
      else wait(options.digitTimeoutMs);
    });
    stopped.addEventListener('abort', onStopped);
    if (stopped.aborted) finish('stopped');
    void playing.then(() => {
      if (digits === '' && !done) wait(options.timeoutMs);
    });
  });
}
