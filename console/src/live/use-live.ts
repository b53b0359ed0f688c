import { useEffect, useState, useSyncExternalStore } from 'react';
import { LiveConnection } from './connection.ts';
import type { LiveState } from './state.ts';

/** The live state; the connection lives as long as the component. */
export function useLive(): LiveState {
  const [connection] = useState(() => new LiveConnection());
  return useSyncExternalStore(connection.subscribe, connection.getState);
}

/** The time, once a second: timers of all calls tick together. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
