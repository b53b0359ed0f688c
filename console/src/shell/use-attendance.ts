import { useEffect, useState } from 'react';
import { api } from '../api.ts';

const tellServerEveryMs = 60_000;
const inputs = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;

/** Whether somebody is at the screen: false after `blankAfterMs` without input. Tells the server of input, so that it logs out the absent only. */
export function useAttendance(blankAfterMs: number): boolean {
  const [attended, setAttended] = useState(true);
  useEffect(() => {
    let toldAt = Date.now();
    let timer = setTimeout(() => setAttended(false), blankAfterMs);
    const onInput = () => {
      clearTimeout(timer);
      timer = setTimeout(() => setAttended(false), blankAfterMs);
      setAttended(true);
      if (Date.now() - toldAt < tellServerEveryMs) return;
      toldAt = Date.now();
      // A refusal shows at the next real request.
      api.active().catch(() => {});
    };
    for (const input of inputs) addEventListener(input, onInput, { passive: true });
    return () => {
      clearTimeout(timer);
      for (const input of inputs) removeEventListener(input, onInput);
    };
  }, [blankAfterMs]);
  return attended;
}
